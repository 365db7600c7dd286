using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.X509.Names;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// A policy as people and tools write it: a JSON object whose members have the names of <c>docs/agent-policy.md</c>. What is read may be in any order and say the same twice; what is written is in one order and is read back as the same policy.
/// </summary>
public static class AgentPolicyJson
{
    private const string Moment = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    // '+' and '&' stand as they are: the text is no HTML.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Indented, for people.</summary>
    public static string ToJson(this AgentPolicy policy)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            policy.Write(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>As one object.</summary>
    public static void Write(this AgentPolicy policy, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteTexts(writer, "scopes", policy.Scopes.Scopes.Select(s => s.ToString()));
        WriteMoment(writer, "not_before", policy.NotBefore);
        WriteMoment(writer, "not_after", policy.NotAfter);
        WriteTexts(writer, "weekly", policy.Weekly?.ToTexts());
        WriteTexts(writer, "networks", policy.Networks?.Networks.Select(n => n.ToString()));
        WriteTexts(writer, "environments", policy.Environments?.Names);
        WriteTexts(writer, "data_classes", policy.DataClasses?.Names);
        WriteTexts(writer, "obligations", policy.Obligations.IsEmpty ? null : policy.Obligations.Names);
        if (policy.DelegationDepth > 0)
        {
            writer.WriteNumber("delegation_depth", policy.DelegationDepth);
        }

        if (policy.MaximumLifetime is { } lifetime)
        {
            writer.WriteNumber("maximum_lifetime", (long)lifetime.TotalSeconds);
        }

        if (!policy.Budget.Amounts.IsEmpty)
        {
            writer.WriteStartObject("budget");
            foreach (var (unit, amount) in policy.Budget.Amounts)
            {
                writer.WriteNumber(unit, amount);
            }

            writer.WriteEndObject();
        }

        if (policy.Parent is { } parent)
        {
            writer.WriteStartObject("parent");
            writer.WriteString("agent", parent.Agent.ToString());
            writer.WriteString("grant", Base64Url.EncodeToString(parent.Grant.Span));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <exception cref="FormatException">Not a policy; the message names the member.</exception>
    public static AgentPolicy Parse(string json) => TryParse(json, out var policy, out var error) ? policy : throw new FormatException(error);

    public static bool TryParse(string json, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            return TryRead(document.RootElement, out policy, out error);
        }
        catch (JsonException invalid)
        {
            (policy, error) = (null, $"not JSON: {invalid.Message}");
            return false;
        }
    }

    /// <summary>Reads the object of a policy. A member that it does not know is refused: a bound that is not understood must not be lost.</summary>
    public static bool TryRead(JsonElement element, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        (policy, error) = (null, null);
        if (element.ValueKind != JsonValueKind.Object)
        {
            error = "a policy is an object";
            return false;
        }

        var parts = new AgentPolicyParts();
        foreach (var member in element.EnumerateObject())
        {
            try
            {
                parts = Read(parts, member.Name, member.Value);
            }
            catch (Exception invalid) when (invalid is FormatException or InvalidOperationException)
            {
                error = invalid is FormatException ? $"{member.Name}: {invalid.Message}" : $"{member.Name}: {Shape(member.Name)} is needed";
                return false;
            }
        }

        return AgentPolicy.TryCreate(parts, out policy, out error);
    }

    private static AgentPolicyParts Read(AgentPolicyParts parts, string name, JsonElement value) => name switch
    {
        "scopes" => parts with { Scopes = ScopeSet.Of(Texts(value)) },
        "not_before" => parts with { NotBefore = Time(value) },
        "not_after" => parts with { NotAfter = Time(value) },
        "weekly" => parts with { Weekly = WeeklySchedule.Of(Texts(value)) },
        "networks" => parts with { Networks = NetworkSet.Of(Texts(value)) },
        "environments" => parts with { Environments = NameSet.Of(Texts(value)) },
        "data_classes" => parts with { DataClasses = NameSet.Of(Texts(value)) },
        "obligations" => parts with { Obligations = NameSet.Of(Texts(value)) },
        "delegation_depth" => parts with { DelegationDepth = value.GetInt32() },
        "maximum_lifetime" => parts with { MaximumLifetime = Seconds(value.GetInt64()) },
        "budget" => parts with { Budget = Budget.Of(value.EnumerateObject().Select(unit => new KeyValuePair<string, long>(unit.Name, unit.Value.GetInt64()))) },
        "parent" => parts with { Parent = ReadParent(value) },
        _ => throw new FormatException("a policy has no such member"),
    };

    private static ParentGrant ReadParent(JsonElement value)
    {
        string? agent = null, grant = null;
        foreach (var member in value.EnumerateObject())
        {
            switch (member.Name)
            {
                case "agent":
                    agent = member.Value.GetString();
                    break;
                case "grant":
                    grant = member.Value.GetString();
                    break;
                default:
                    throw new FormatException($"it has no member {member.Name}");
            }
        }

        return agent is null || grant is null ? throw new FormatException("agent and grant are needed") : new ParentGrant(SpiffeId.Parse(agent), Base64Url.DecodeFromChars(grant));
    }

    private static string[] Texts(JsonElement value) => [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String && item.GetString() is { } text ? text : throw new FormatException("a list of texts is needed"))];

    private static DateTimeOffset Time(JsonElement value) =>
        DateTimeOffset.TryParseExact(value.GetString(), Moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new FormatException("a time is written like 2026-11-26T08:00:00Z");

    private static TimeSpan Seconds(long seconds) =>
        seconds is > 0 and <= int.MaxValue ? TimeSpan.FromSeconds(seconds) : throw new FormatException("whole seconds are needed, at least 1");

    private static string Shape(string member) => member switch
    {
        "not_before" or "not_after" => "a time like \"2026-11-26T08:00:00Z\"",
        "delegation_depth" or "maximum_lifetime" => "a whole number",
        "budget" => "an object of whole numbers by unit",
        "parent" => "an object with agent and grant",
        _ => "a list of texts",
    };

    private static void WriteMoment(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } at)
        {
            writer.WriteString(name, at.UtcDateTime.ToString(Moment, CultureInfo.InvariantCulture));
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string>? texts)
    {
        if (texts is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
