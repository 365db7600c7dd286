using System.Buffers;
using System.Text.Json;
using AgentPki.Ledger.Decisions;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Decisions;

/// <summary>One action of an agent that a service wants a yes or no to (AuthZEN §5; docs/decisions.md).</summary>
/// <param name="Agent">The agent's certificate, as the service saw it on its own connection.</param>
/// <param name="Action">For example <c>tool.invoke</c>.</param>
/// <param name="ResourceType">Without a slash.</param>
public sealed record DecisionQuestion(Certificate Agent, string Action, string ResourceType, string ResourceId)
{
    private const string Nonce = "nonce";

    /// <summary>Properties of the action, an object; null: none.</summary>
    public JsonElement? ActionProperties { get; init; }

    /// <summary>Properties of the resource, an object; null: none.</summary>
    public JsonElement? ResourceProperties { get; init; }

    /// <summary>What the service says of the agent, an object; null: nothing. The certificate is put in by itself.</summary>
    public JsonElement? Claims { get; init; }

    /// <summary>The context, an object; null: none. A nonce is put in by itself.</summary>
    public JsonElement? Context { get; init; }

    /// <summary>The agent's SPIFFE ID; empty: its certificate has none, and nothing is permitted to it.</summary>
    public string AgentId => Agent.SpiffeId?.ToString() ?? "";

    /// <summary>Resource as decisions name it: type, slash, id.</summary>
    public string Resource => $"{ResourceType}/{ResourceId}";

    /// <summary>What makes two questions the same: <see cref="RequestDigest"/> of all of it but the nonce, lower-case hexadecimal.</summary>
    internal string Identity => DigestOf(ToJson(null));

    /// <summary>The question as it is sent.</summary>
    internal byte[] ToJson(string? nonce)
    {
        var output = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("subject");
            writer.WriteString("type", "agent");
            writer.WriteString("id", AgentId);
            writer.WriteStartObject("properties");
            WriteMembers(writer, Claims, "x5c", "x5t#S256");
            writer.WriteStartArray("x5c");
            writer.WriteBase64StringValue(Agent.Der.Span);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteStartObject("action");
            writer.WriteString("name", Action);
            WriteProperties(writer, ActionProperties);
            writer.WriteEndObject();
            writer.WriteStartObject("resource");
            writer.WriteString("type", ResourceType);
            writer.WriteString("id", ResourceId);
            WriteProperties(writer, ResourceProperties);
            writer.WriteEndObject();
            writer.WriteStartObject("context");
            WriteMembers(writer, Context, Nonce);
            if (nonce is not null)
            {
                writer.WriteString(Nonce, nonce);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>What a receipt has to name as the question that it answers.</summary>
    internal static string DigestOf(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return Convert.ToHexStringLower(RequestDigest.Of(document.RootElement));
    }

    private static void WriteProperties(Utf8JsonWriter writer, JsonElement? properties)
    {
        if (properties is not null)
        {
            writer.WriteStartObject("properties");
            WriteMembers(writer, properties);
            writer.WriteEndObject();
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, JsonElement? value, params ReadOnlySpan<string> except)
    {
        if (value is not { } members)
        {
            return;
        }

        if (members.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException("Properties, claims and context of a question are JSON objects.", nameof(value));
        }

        foreach (var member in members.EnumerateObject())
        {
            if (!except.Contains(member.Name))
            {
                member.WriteTo(writer);
            }
        }
    }
}
