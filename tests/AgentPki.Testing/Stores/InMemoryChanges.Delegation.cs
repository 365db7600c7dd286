using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

// Delegation.
internal static partial class InMemoryChanges
{
    private static InMemoryState AddGrant(InMemoryState state, StoreChange.AddGrant c, long leaf)
    {
        Check(state.Agents.ContainsKey(c.Grant.Child), c, ConflictReasons.AgentUnknown(c.Grant.Child));
        Check(state.Agents.TryGetValue(c.Grant.Parent, out var parent), c, ConflictReasons.AgentUnknown(c.Grant.Parent));
        Check(parent!.Registration.Revision == c.ParentRevision, c, ConflictReasons.AgentMoved(c.Grant.Parent));
        var key = Convert.ToHexString(c.Grant.Digest);
        Check(!state.Grants.ContainsKey(key), c, ConflictReasons.GrantKnown);
        return state with { Grants = state.Grants.Add(key, c.Grant with { Made = Milliseconds(c.Grant.Made), Leaf = leaf }) };
    }

    private static InMemoryState UseGrant(InMemoryState state, StoreChange.UseGrant c)
    {
        var key = Convert.ToHexString(c.Digest);
        Check(state.Grants.TryGetValue(key, out var grant) && !grant.IsUsed, c, ConflictReasons.GrantUsed);
        return state with { Grants = state.Grants.SetItem(key, grant! with { IsUsed = true }) };
    }

    private static InMemoryState RequirePolicy(InMemoryState state, StoreChange.RequirePolicy c)
    {
        var policy = state.Agents.GetValueOrDefault(c.AgentId)?.Registration.Policy;
        Check(c.Policy is null ? policy is null : policy is { } known && known.Span.SequenceEqual(c.Policy), c, ConflictReasons.AgentPolicyMoved(c.AgentId));
        return state;
    }
}
