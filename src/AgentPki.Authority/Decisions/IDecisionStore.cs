using AgentPki.Agents.Decisions;

namespace AgentPki.Authority.Decisions;

/// <summary>Reads what agents were narrowed to or given for a time, and what they used up.</summary>
public interface IDecisionStore
{
    /// <summary>Those that have not ended by then, oldest first.</summary>
    ValueTask<IReadOnlyList<Adjustment>> ListAdjustmentsAsync(DateTimeOffset notEndedBy, CancellationToken cancellationToken);

    /// <summary>What an agent has used up, by unit.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> FindSpendingAsync(string agentId, CancellationToken cancellationToken);
}
