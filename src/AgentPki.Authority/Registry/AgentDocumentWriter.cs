using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>Writes agents as the documents that <see cref="AgentDocumentReader"/> reads: what was read from what was written is the same.</summary>
public static class AgentDocumentWriter
{
    /// <summary>One document each, every one beginning with <c>---</c>.</summary>
    public static string Write(IEnumerable<AgentRecord> agents)
    {
        var text = new StringBuilder();
        foreach (var agent in agents)
        {
            Write(text, agent);
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, AgentRecord agent)
    {
        var registration = agent.Registration;
        text.Append("---\n");
        Field(text, "agent", agent.Id);
        Field(text, "owner", agent.Owner);
        Field(text, "tier", registration.Tier.Word());
        Field(text, "purpose", registration.Purpose);
        Field(text, "environment", registration.Environment);
        if (!registration.Profiles.IsEmpty)
        {
            text.Append("profiles: [").AppendJoin(", ", registration.Profiles.Select(Scalar)).Append("]\n");
        }

        Field(text, "parent", agent.Parent);
        if (registration.Children is { } children)
        {
            Write(text, children);
        }

        Component(text, "model", registration.Model);
        Component(text, "runtime", registration.Runtime);
        Field(text, "review", registration.ReviewBy?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

        // What a parent granted is not registered: it stays as it is.
        if (registration.ReadPolicy() is { Parent: null } policy)
        {
            using var json = JsonDocument.Parse(policy.ToJson());
            text.Append("policy:\n");
            Members(text, json.RootElement, "  ");
        }
    }

    private static void Members(StringBuilder text, JsonElement json, string indent)
    {
        foreach (var member in json.EnumerateObject())
        {
            text.Append(indent).Append(Scalar(member.Name)).Append(':');
            _ = member.Value.ValueKind switch
            {
                JsonValueKind.Object => text.Append('\n'),
                JsonValueKind.Array => text.Append(" [").AppendJoin(", ", member.Value.EnumerateArray().Select(e => Scalar(e.GetString() ?? ""))).Append("]\n"),
                JsonValueKind.String => text.Append(' ').Append(Scalar(member.Value.GetString() ?? "")).Append('\n'),
                _ => text.Append(' ').Append(member.Value.GetRawText()).Append('\n'),
            };
            if (member.Value.ValueKind == JsonValueKind.Object)
            {
                Members(text, member.Value, indent + "  ");
            }
        }
    }

    private static void Write(StringBuilder text, ChildRule children)
    {
        if (children.Maximum == 0)
        {
            text.Append("children: none\n");
            return;
        }

        text.Append("children:\n  allow: [").AppendJoin(", ", children.Paths.Select(Scalar)).Append("]\n");
        if (children.Maximum is { } most)
        {
            text.Append(CultureInfo.InvariantCulture, $"  maximum: {most}\n");
        }
    }

    private static void Component(StringBuilder text, string field, ComponentDescriptor? component)
    {
        if (component is null)
        {
            return;
        }

        text.Append(field).Append(":\n");
        Field(text, "  name", component.Name);
        Field(text, "  provider", component.Provider);
        Field(text, "  version", component.Version);
        Field(text, "  digest", component.Digest);
    }

    private static void Field(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(name).Append(": ").Append(Scalar(value)).Append('\n');
        }
    }

    /// <summary>YAML 1.2 §7.3: plain where nobody could take it for anything else; else in double quotes, with escapes for whatever is not a letter, digit, mark, punctuation or symbol.</summary>
    internal static string Scalar(string value)
    {
        if (value.Length > 0 && (char.IsAsciiLetter(value[0]) || value[0] == '/') && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':') && !value.EndsWith(':'))
        {
            return value;
        }

        var text = new StringBuilder("\"");
        foreach (var rune in value.EnumerateRunes())
        {
            _ = rune.Value is '"' or '\\' ? text.Append('\\').Append((char)rune.Value)
                : rune.Value == ' ' || RegistryText.WhyNot(rune.ToString(), 2) is null ? text.Append(rune.ToString())
                : rune.Value > 0xFFFF ? text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}")
                : text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
        }

        return text.Append('"').ToString();
    }
}
