using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    private static readonly DateTimeOffset FeedTime = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);

    [Fact]
    public async Task AddFeedStatement_Rising_IsKeptAndListed_NotRising_Conflicts()
    {
        Assert.Null(await Feed.LastStatementAsync(default));
        foreach (var sequence in new long[] { 3, 4, 7 })
        {
            Commit(new CommitRequest(null, [Said(sequence)]));
        }

        Assert.Equal(7, await Feed.LastStatementAsync(default));
        Assert.Equal([new FeedStatement(4, "revoked", "jws-4", FeedTime.AddSeconds(4), null), new FeedStatement(7, "revoked", "jws-7", FeedTime.AddSeconds(7), null)], await Feed.ListStatementsAsync(3, 10, default));
        Assert.Equal([3L], (await Feed.ListStatementsAsync(0, 1, default)).Select(s => s.Sequence));
        Conflict(Said(7));
        Conflict(Said(5));
    }

    [Fact]
    public async Task AddFeedStatement_WithASet_SetIsFoundByItsSequenceAlone()
    {
        Commit(new CommitRequest(null, [Said(1)]));
        Commit(new CommitRequest(null, [Said(2, [1, 2, 3])]));
        var found = await Feed.FindSetAsync(2, default);
        Assert.Equal([1, 2, 3], found?.Set);
        Assert.Equal("jws-2", found?.Statement.Jws);
        Assert.Null(await Feed.FindSetAsync(1, default));
        Assert.Null(await Feed.FindSetAsync(3, default));
    }

    [Fact]
    public async Task AddFeedStatement_ForgetByNumberAndAge_DeletesWhatIsOlder()
    {
        for (var sequence = 1; sequence <= 5; sequence++)
        {
            Commit(new CommitRequest(null, [Said(sequence)]));
        }

        Commit(new CommitRequest(null, [Said(6) with { Forget = 2 }]));
        Assert.Equal([3L, 4, 5, 6], (await Feed.ListStatementsAsync(0, 10, default)).Select(s => s.Sequence));
        Commit(new CommitRequest(null, [Said(7) with { ForgetBefore = FeedTime.AddSeconds(5) }]));
        Assert.Equal([5L, 6, 7], (await Feed.ListStatementsAsync(0, 10, default)).Select(s => s.Sequence));
    }

    [Fact]
    public async Task AddFeedSigner_Twice_IsKeptOnce_UntilAYearAfterItsEnd()
    {
        Commit(new CommitRequest(null, [new StoreChange.AddFeedSigner([1], [10], FeedTime)]));
        Commit(new CommitRequest(null, [new StoreChange.AddFeedSigner([1], [11], FeedTime)]));
        Commit(new CommitRequest(null, [new StoreChange.AddFeedSigner([2], [20], FeedTime.AddDays(30))]));
        Assert.Equal([10], await Feed.FindSignerAsync(new byte[] { 1 }, default));
        Commit(new CommitRequest(null, [new StoreChange.AddFeedSigner([3], [30], FeedTime.AddYears(1).AddDays(1))]));
        Assert.Null(await Feed.FindSignerAsync(new byte[] { 1 }, default));
        Assert.Equal([20], await Feed.FindSignerAsync(new byte[] { 2 }, default));
    }

    private IFeedStore Feed => Store;

    private static StoreChange.AddFeedStatement Said(long sequence, byte[]? set = null) =>
        new(new FeedStatement(sequence, "revoked", $"jws-{sequence}", FeedTime.AddSeconds(sequence), set), 0, DateTimeOffset.UnixEpoch);
}
