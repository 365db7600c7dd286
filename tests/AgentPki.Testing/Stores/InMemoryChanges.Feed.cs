using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

internal static partial class InMemoryChanges
{
    private static InMemoryState AddFeedStatement(InMemoryState state, StoreChange.AddFeedStatement c) =>
        state.FeedStatements is [.., var last] && last.Sequence >= c.Statement.Sequence
            ? throw new ConflictException(c, ConflictReasons.FeedStatementNotNewer(c.Statement.Sequence))
            : state with { FeedStatements = state.FeedStatements.Add(c.Statement).RemoveAll(s => s.Sequence <= c.Forget || s.Signed < c.ForgetBefore) };

    private static InMemoryState AddFeedSigner(InMemoryState state, StoreChange.AddFeedSigner c)
    {
        var name = Convert.ToHexString(c.Thumbprint);
        return state.FeedSigners.ContainsKey(name) ? state
            : state with { FeedSigners = state.FeedSigners.RemoveRange(state.FeedSigners.Where(s => s.Value.NotAfter < c.NotAfter.AddYears(-1)).Select(s => s.Key)).Add(name, (c.Chain, c.NotAfter)) };
    }
}
