using System.Text;

namespace AgentPki.Ledger.Search;

/// <summary>Which entries somebody looks for. Everything that is given must hold.</summary>
public sealed record LedgerQuery
{
    /// <summary>Entries of that kind.</summary>
    public LedgerEntryKind? Kind { get; init; }

    /// <summary>Whose actor is that, or begins so where it ends in <c>*</c>.</summary>
    public string? Actor { get; init; }

    /// <summary>Decided then or later.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Decided before then.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>With a fact <see cref="LedgerFacts.Serial"/> of that value (lower-case hexadecimal).</summary>
    public string? Serial { get; init; }

    /// <summary>With that agent (its SPIFFE ID or the end of one) as actor or in a fact.</summary>
    public string? Agent { get; init; }

    /// <summary>With that text in the actor, the name of a fact or its value.</summary>
    public string? Text { get; init; }

    /// <summary>Erased details match nothing but kind and time.</summary>
    public bool Matches(LedgerRecord record)
    {
        var leaf = record.Leaf;
        if ((Kind is { } kind && leaf.Kind != kind) || (After is { } after && leaf.Time < after) || (Before is { } before && leaf.Time >= before))
        {
            return false;
        }

        if (!WantsDetails)
        {
            return true;
        }

        // Most entries are told by their octets, undecoded.
        if (record.EncodedDetails is not { } encoded || !Octets.All(wanted => encoded.Span.IndexOf(wanted) >= 0) || record.Details is not { } details)
        {
            return false;
        }

        return (Actor is null || (Actor.EndsWith('*') ? details.Actor.StartsWith(Actor[..^1], StringComparison.Ordinal) : details.Actor == Actor))
            && (Serial is null || details.Facts.GetValueOrDefault(LedgerFacts.Serial) == Serial)
            && (Agent is null || IsAgent(details.Actor, Agent) || details.Facts.Values.Any(value => IsAgent(value, Agent)))
            && (Text is null || details.Actor.Contains(Text, StringComparison.Ordinal) || details.Facts.Any(fact => fact.Key.Contains(Text, StringComparison.Ordinal) || fact.Value.Contains(Text, StringComparison.Ordinal)));
    }

    /// <summary>Octets that the details of every match have: what a store can look for before it decodes anything.</summary>
    public IReadOnlyList<byte[]> Octets => _octets ??= [.. new[] { Actor?.TrimEnd('*'), Serial, Agent, Text }.Where(text => text is { Length: > 0 }).OfType<string>().Select(Encoding.UTF8.GetBytes)];

    private bool WantsDetails => Actor is not null || Serial is not null || Agent is not null || Text is not null;

    private IReadOnlyList<byte[]>? _octets;

    // spiffe://td/a/b is meant by itself, by "agent:spiffe://td/a/b" and by "b".
    private static bool IsAgent(string value, string agent) => value == agent || (value.EndsWith(agent, StringComparison.Ordinal) && value[^(agent.Length + 1)] is '/' or ':');
}
