using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

namespace AgentPki.Agents.Registry;

/// <summary>A field that a change gives another value.</summary>
/// <param name="Field">As documents name it.</param>
/// <param name="From">For people; null: it had none.</param>
public sealed record FieldChange(string Field, string? From, string? To);

/// <summary>An agent field by field, for people and to compare: what documents say and nothing else (no state, no dates of the appliance's own).</summary>
public static class AgentFields
{
    /// <summary>What differs; of an agent that was not there, everything that it has.</summary>
    public static ImmutableArray<FieldChange> Between(AgentRecord? before, AgentRecord after)
    {
        var was = before is null ? null : Of(before).ToDictionary(f => f.Field, f => f.Value, StringComparer.Ordinal);
        return [.. Of(after).Select(f => new FieldChange(f.Field, was?[f.Field], f.Value)).Where(c => c.From != c.To)];
    }

    private static IEnumerable<(string Field, string? Value)> Of(AgentRecord agent)
    {
        var registration = agent.Registration;
        yield return ("owner", agent.Owner);
        yield return ("purpose", registration.Purpose);
        yield return ("environment", registration.Environment);
        yield return ("tier", registration.Tier.Word());
        yield return ("profiles", registration.Profiles.IsEmpty ? null : string.Join(' ', registration.Profiles));
        yield return ("parent", agent.Parent);
        yield return ("children", registration.Children?.ToString());
        yield return ("model", registration.Model?.ToString());
        yield return ("runtime", registration.Runtime?.ToString());
        yield return ("review", registration.ReviewBy?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        yield return ("policy", registration.Policy is { } policy ? $"SHA-256 {Convert.ToHexStringLower(SHA256.HashData(policy.Span))}" : null);
    }
}
