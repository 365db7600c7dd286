using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;

namespace AgentPki.Authority.Registry;

public enum AgentAction
{
    Unchanged,
    Created,
    Configured,
}

/// <summary>What applying a document does to one agent.</summary>
/// <param name="Before">Null: it is not there yet.</param>
public sealed record PlannedAgent(AgentRecord? Before, AgentRecord After, ImmutableArray<FieldChange> Changes)
{
    public AgentAction Action => Before is null ? AgentAction.Created : Changes.IsEmpty ? AgentAction.Unchanged : AgentAction.Configured;
}

/// <summary>What applying a text does.</summary>
/// <param name="NeedsSecond">Whether some change is of a tier, as it is or as it is to be, that wants a second person.</param>
public sealed record AgentPlan(ImmutableArray<PlannedAgent> Agents, bool NeedsSecond);
