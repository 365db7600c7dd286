using System.Collections.Immutable;
using AgentPki.Agents.Decisions;

namespace AgentPki.Authority.Store;

/// <summary>An amount of something, and how much of it there may be in all.</summary>
public sealed record Spending(string Unit, long Amount, long Limit);

// Decisions.
public abstract partial record StoreChange
{
    /// <summary>An agent is narrowed, or given more, for a time. Conflict when the id exists or the agent is unknown.</summary>
    /// <param name="Response">The response by rule that this is, which is done with it; conflict when it was not begun.</param>
    public sealed record AddAdjustment(Adjustment Adjustment, string? Response = null) : StoreChange;

    /// <summary>Ends one before its time; conflict when it is unknown or has ended.</summary>
    public sealed record EndAdjustment(string Id, DateTimeOffset Time) : StoreChange;

    /// <summary>An agent uses something up: all of these amounts or none. Conflict when one of them would go beyond its limit, or the agent is unknown.</summary>
    public sealed record Spend(string AgentId, ImmutableArray<Spending> Amounts) : StoreChange;
}
