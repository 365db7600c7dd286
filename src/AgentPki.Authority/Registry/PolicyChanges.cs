using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.Agents.Registry;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>What differs between two policies, member by member, for people.</summary>
internal static class PolicyChanges
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ImmutableArray<FieldChange> Between(AgentPolicy from, AgentPolicy to)
    {
        var (was, now) = (Members(from), Members(to));
        return [.. was.Keys.Union(now.Keys).Select(name => new FieldChange(name, was.GetValueOrDefault(name), now.GetValueOrDefault(name))).Where(change => change.From != change.To)];
    }

    private static Dictionary<string, string> Members(AgentPolicy policy)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            policy.Write(writer);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetRawText(), StringComparer.Ordinal);
    }
}
