using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IDecisionStore
{
    ValueTask<IReadOnlyList<Adjustment>> IDecisionStore.ListAdjustmentsAsync(DateTimeOffset notEndedBy, CancellationToken cancellationToken) => new([.. _state.Adjustments.Where(a => a.NotAfter > notEndedBy && a.Ended is null)]);

    ValueTask<IReadOnlyDictionary<string, long>> IDecisionStore.FindSpendingAsync(string agentId, CancellationToken cancellationToken) =>
        new(_state.Spending.Where(s => s.Key.Agent == agentId).ToDictionary(s => s.Key.Unit, s => s.Value, StringComparer.Ordinal));
}
