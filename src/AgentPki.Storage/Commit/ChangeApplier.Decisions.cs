using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

internal sealed partial class ChangeApplier
{
    private string? AddAdjustment(StoreChange.AddAdjustment change)
    {
        var adjustment = change.Adjustment;
        if (FindAgentNumber(adjustment.AgentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(adjustment.AgentId);
        }

        if (!Write(session.Prepared("INSERT INTO adjustments (id, kind, agent, scopes, not_before, not_after, reason, made_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING")
            .Bind(1, adjustment.Id).Bind(2, (long)adjustment.Kind).Bind(3, agent).Bind(4, adjustment.Scopes.ToString()).Bind(5, adjustment.NotBefore).Bind(6, adjustment.NotAfter).Bind(7, adjustment.Reason).Bind(8, adjustment.MadeBy)))
        {
            return ConflictReasons.AdjustmentExists(adjustment.Id);
        }

        return change.Response is { } response ? FinishNarrowing(response, agent, adjustment.Id) : null;
    }

    private string? EndAdjustment(StoreChange.EndAdjustment change) =>
        Write(session.Prepared("UPDATE adjustments SET ended = ?2 WHERE id = ?1 AND ended IS NULL AND not_after > ?2").Bind(1, change.Id).Bind(2, change.Time)) ? null : ConflictReasons.AdjustmentEnded(change.Id);

    private string? Spend(StoreChange.Spend change)
    {
        if (FindAgentNumber(change.AgentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(change.AgentId);
        }

        foreach (var (unit, amount, limit) in change.Amounts)
        {
            // Compared so that nothing overflows: amounts and limits are below 2^53.
            var taken = amount <= limit && Write(session.Prepared("""
                INSERT INTO spending (agent, unit, spent) VALUES (?1, ?2, ?3)
                ON CONFLICT (agent, unit) DO UPDATE SET spent = spent + ?3 WHERE spent <= ?4 - ?3
                """).Bind(1, agent).Bind(2, unit).Bind(3, amount).Bind(4, limit));
            if (!taken)
            {
                return ConflictReasons.BudgetSpent(change.AgentId, unit);
            }
        }

        return null;
    }

    private long? FindAgentNumber(string agentId)
    {
        var found = session.Prepared("SELECT id FROM agents WHERE name = ?1").Bind(1, agentId);
        var number = found.Read() ? found.GetInt64(0) : (long?)null;
        found.Reset();
        return number;
    }
}
