using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

internal static partial class InMemoryChanges
{
    private static InMemoryState AddAdjustment(InMemoryState state, StoreChange.AddAdjustment c)
    {
        var added = c.Adjustment;
        Check(state.Agents.ContainsKey(added.AgentId), c, ConflictReasons.AgentUnknown(added.AgentId));
        Check(!state.Adjustments.Exists(a => a.Id == added.Id), c, ConflictReasons.AdjustmentExists(added.Id));
        state = state with { Adjustments = state.Adjustments.Add(added with { NotBefore = Milliseconds(added.NotBefore), NotAfter = Milliseconds(added.NotAfter) }) };
        return c.Response is { } response ? FinishNarrowing(state, c, response, added) : state;
    }

    private static InMemoryState EndAdjustment(InMemoryState state, StoreChange.EndAdjustment c)
    {
        var known = state.Adjustments.Find(a => a.Id == c.Id && a.Ended is null && a.NotAfter > Milliseconds(c.Time));
        Check(known is not null, c, ConflictReasons.AdjustmentEnded(c.Id));
        return state with { Adjustments = state.Adjustments.Replace(known!, known! with { Ended = Milliseconds(c.Time) }) };
    }

    private static InMemoryState Spend(InMemoryState state, StoreChange.Spend c)
    {
        Check(state.Agents.ContainsKey(c.AgentId), c, ConflictReasons.AgentUnknown(c.AgentId));
        foreach (var (unit, amount, limit) in c.Amounts)
        {
            var spent = state.Spending.GetValueOrDefault((c.AgentId, unit));
            Check(amount <= limit && spent <= limit - amount, c, ConflictReasons.BudgetSpent(c.AgentId, unit));
            state = state with { Spending = state.Spending.SetItem((c.AgentId, unit), spent + amount) };
        }

        return state;
    }
}
