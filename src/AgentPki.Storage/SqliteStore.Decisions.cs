using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IDecisionStore
{
    ValueTask<IReadOnlyList<Adjustment>> IDecisionStore.ListAdjustmentsAsync(DateTimeOffset notEndedBy, CancellationToken cancellationToken) => ListAsync(
        """
        SELECT j.id, j.kind, a.name, j.scopes, j.not_before, j.not_after, j.reason, j.made_by, j.ended FROM adjustments j JOIN agents a ON a.id = j.agent
        WHERE j.not_after > ?1 AND j.ended IS NULL ORDER BY j.number
        """,
        rows => rows.Bind(1, notEndedBy),
        row => new Adjustment(
            row.GetText(0), (AdjustmentKind)row.GetInt64(1), row.GetText(2), ScopeSet.Of(row.GetText(3).Split(' ', StringSplitOptions.RemoveEmptyEntries)), row.GetTime(4), row.GetTime(5), row.GetText(6), row.GetText(7), row.GetTimeOrNull(8)),
        cancellationToken);

    async ValueTask<IReadOnlyDictionary<string, long>> IDecisionStore.FindSpendingAsync(string agentId, CancellationToken cancellationToken)
    {
        var rows = await ListAsync("SELECT s.unit, s.spent FROM spending s JOIN agents a ON a.id = s.agent WHERE a.name = ?1 ORDER BY s.unit", rows => rows.Bind(1, agentId), row => (Unit: row.GetText(0), Spent: row.GetInt64(1)), cancellationToken);
        return rows.ToDictionary(r => r.Unit, r => r.Spent, StringComparer.Ordinal);
    }
}
