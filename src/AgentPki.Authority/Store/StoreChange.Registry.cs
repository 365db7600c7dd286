using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;

namespace AgentPki.Authority.Store;

// The registry: what agents are, who answers for them, and what rules do when nobody does.
public abstract partial record StoreChange
{
    /// <summary>
    /// Registers agents and changes what is registered, all of them or none; each gets the next revision, and owners that are not known yet become so. Conflict when one of them is not as it was seen
    /// (another revision, there already, gone) or is retired, when an owner who answers for it from now on has left, or when afterwards some agent and its parent would have different owners, some agent
    /// would be its own ancestor, or a parent that an agent gets is not active or may not have it.
    /// </summary>
    public sealed record PutAgents(ImmutableArray<AgentPut> Agents) : StoreChange;

    /// <summary>Adds an owner, or changes what is known of one; his state stays.</summary>
    public sealed record PutOwner(OwnerRecord Owner) : StoreChange;

    /// <summary>An owner left, or is back; conflict when he is unknown. In that state already: unchanged (idempotent). Back, his agents that were suspended because he had left are active again.</summary>
    public sealed record MoveOwner(string Name, OwnerState To, DateTimeOffset Time) : StoreChange;

    /// <summary>
    /// Gives all agents of an owner, or one with its descendants, to another owner; those that were suspended because the first one had left are active again. Conflict when the other is unknown or has
    /// left, or when the one agent is unknown, somebody else's, or has a parent.
    /// </summary>
    /// <param name="AgentId">Null: all of them.</param>
    public sealed record TransferAgents(string From, string To, string? AgentId) : StoreChange;

    /// <summary>Suspends an active agent by rule; conflict when it is not active any more, or the rule's reason not there.</summary>
    /// <param name="LeftUntil">By <see cref="SuspensionRule.OwnerLeft"/>: its owner left then or before.</param>
    /// <param name="ReviewBefore">By <see cref="SuspensionRule.ReviewOverdue"/>: its review was to be made before that day.</param>
    public sealed record SuspendByRule(string AgentId, SuspensionRule Rule, DateTimeOffset? LeftUntil, DateOnly? ReviewBefore) : StoreChange;

    /// <summary>An agent was reviewed, and is to be again by that day; suspended because it was overdue, it is active again. Conflict when it is unknown or retired.</summary>
    /// <param name="Next">Null: no more.</param>
    public sealed record ReviewAgent(string AgentId, DateOnly? Next) : StoreChange;

    /// <summary>Gives that date to active agents of a tier that have none; conflict when all of them have one.</summary>
    public sealed record ScheduleReviews(RiskTier Tier, DateOnly By) : StoreChange;
}

/// <summary>An agent as it is to be.</summary>
/// <param name="Seen">The revision that it had when this was decided; null: it was not there.</param>
public sealed record AgentPut(AgentRecord Agent, int? Seen);
