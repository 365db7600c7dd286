using System.Text.Json;
using AgentPki.Agents.Decisions;

namespace AgentPki.Protocols.AuthZen;

/// <summary>JSON as conditions see it: texts, whole numbers, doubles, truth values, null, lists and maps; bounded, so that no condition takes long.</summary>
internal static class JsonFacts
{
    private const int MaximumItems = 64;
    private const int MaximumText = 4096;

    /// <summary>The members of an object; none of what is no object.</summary>
    /// <param name="misunderstood">Set when it is too large and nothing was set before.</param>
    /// <param name="without">Members that are no facts.</param>
    public static IReadOnlyDictionary<string, object?> Read(JsonElement value, ref string? misunderstood, params ReadOnlySpan<string> without) =>
        value.ValueKind == JsonValueKind.Object ? ReadObject(value, ref misunderstood, without) : DecisionFacts.None;

    private static Dictionary<string, object?> ReadObject(JsonElement value, ref string? misunderstood, ReadOnlySpan<string> without)
    {
        var facts = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            if (without.Contains(member.Name))
            {
                continue;
            }

            if (facts.Count == MaximumItems)
            {
                misunderstood ??= $"an object has more than {MaximumItems} members";
                break;
            }

            facts[member.Name] = ReadValue(member.Value, ref misunderstood);
        }

        return facts;
    }

    private static object? ReadValue(JsonElement value, ref string? misunderstood)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                var text = value.GetString() ?? "";
                misunderstood ??= text.Length > MaximumText ? $"a text has more than {MaximumText} characters" : null;
                return text;
            case JsonValueKind.Number:
                return value.TryGetInt64(out var whole) ? whole : value.GetDouble();
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.Array:
                return ReadArray(value, ref misunderstood);
            case JsonValueKind.Object:
                return ReadObject(value, ref misunderstood, []);
            default:
                return null;
        }
    }

    private static object?[] ReadArray(JsonElement value, ref string? misunderstood)
    {
        if (value.GetArrayLength() > MaximumItems)
        {
            misunderstood ??= $"a list has more than {MaximumItems} items";
            return [];
        }

        var items = new object?[value.GetArrayLength()];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = ReadValue(value[i], ref misunderstood);
        }

        return items;
    }
}
