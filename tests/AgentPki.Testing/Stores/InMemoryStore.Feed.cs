using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IFeedStore
{
    ValueTask<long?> IFeedStore.LastStatementAsync(CancellationToken cancellationToken) => new(_state.FeedStatements is [.., var last] ? last.Sequence : null);

    ValueTask<IReadOnlyList<FeedStatement>> IFeedStore.ListStatementsAsync(long after, int limit, CancellationToken cancellationToken) =>
        new([.. _state.FeedStatements.Where(s => s.Sequence > after).Take(limit).Select(s => s with { Set = null })]);

    ValueTask<FeedSet?> IFeedStore.FindSetAsync(long sequence, CancellationToken cancellationToken) =>
        new(_state.FeedStatements.Find(s => s.Sequence == sequence) is { Set: { } set } found ? new FeedSet(found with { Set = null }, set) : null);

    ValueTask<byte[]?> IFeedStore.FindSignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) =>
        new(_state.FeedSigners.GetValueOrDefault(Convert.ToHexString(thumbprint.Span)).Chain);
}
