using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Authority.Tests.Commit;

public sealed class CommitWriterTests
{
    [Fact]
    public async Task CommitAsync_ManyAtOnce_ShareBatchesAndKeepTheirOrder()
    {
        var store = new GatedStore();
        await using var writer = Writer(store);
        var first = writer.CommitAsync(Entry("0"), default).AsTask();
        await store.Entered;
        var others = Enumerable.Range(1, 500).Select(i => writer.CommitAsync(Entry(i.ToString()), default).AsTask()).ToArray();
        store.Open();
        await first;
        var indexes = (await Task.WhenAll(others)).Select(o => ((CommitOutcome.Committed)o).LeafIndex).ToArray();
        Assert.Equal(Enumerable.Range(1, 500).Select(i => first.Result is CommitOutcome.Committed c ? c.LeafIndex + i : -1), indexes);
        Assert.InRange(store.Sizes.Count, 2, 4);
        Assert.Contains(256, store.Sizes);
        Assert.Equal(501, writer.CommittedLeaves);
    }

    [Fact]
    public async Task CommitAsync_Conflict_DoesNotTouchItsNeighbours()
    {
        var store = new GatedStore();
        await using var writer = Writer(store);
        var gate = writer.CommitAsync(Entry("gate"), default).AsTask();
        await store.Entered;
        var good = writer.CommitAsync(Entry("a"), default).AsTask();
        var bad = writer.CommitAsync(Entry("b", new StoreChange.ConsumeCredential("nobody")), default).AsTask();
        var alsoGood = writer.CommitAsync(Entry("c"), default).AsTask();
        store.Open();
        await gate;
        Assert.IsType<CommitOutcome.Committed>(await good);
        Assert.IsType<CommitOutcome.Conflict>(await bad);
        Assert.IsType<CommitOutcome.Committed>(await alsoGood);
        Assert.Equal([1, 3], store.Sizes);
    }

    [Fact]
    public async Task Stop_WhatWaitsAndWhatComes_IsRefusedForGood()
    {
        var store = new GatedStore();
        await using var writer = Writer(store);
        var gate = writer.CommitAsync(Entry("gate"), default).AsTask();
        await store.Entered;
        var waiting = Enumerable.Range(0, 3).Select(i => writer.CommitAsync(Entry(i.ToString()), default).AsTask()).ToArray();
        writer.Stop("It goes on elsewhere.");
        writer.Stop("Another reason.");
        store.Open();
        Assert.IsType<CommitOutcome.Committed>(await gate);
        foreach (var task in waiting.Append(writer.CommitAsync(Entry("late"), default).AsTask()))
        {
            var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => task);
            Assert.Equal((true, "It goes on elsewhere."), (refused.IsForGood, refused.Message));
        }

        Assert.Equal([1], store.Sizes);
        Assert.Equal(1, writer.CommittedLeaves);
        Assert.Throws<StoreUnavailableException>(writer.RequireOpen);
    }

    [Fact]
    public async Task CommitAsync_StoreFails_TellsEveryCallerAndGoesOn()
    {
        var store = new GatedStore();
        await using var writer = Writer(store);
        var gate = writer.CommitAsync(Entry("gate"), default).AsTask();
        await store.Entered;
        var failing = Enumerable.Range(0, 3).Select(i => writer.CommitAsync(Entry(i.ToString()), default).AsTask()).ToArray();
        store.Inner.Fault = () => new StoreUnavailableException("disk full (test)");
        store.Open();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => gate);
        foreach (var task in failing)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => task);
        }

        Assert.False(writer.IsHealthy);
        store.Inner.Fault = null;
        Assert.IsType<CommitOutcome.Committed>(await writer.CommitAsync(Entry("after"), default));
        Assert.True(writer.IsHealthy);
    }

    [Fact]
    public async Task CommitAsync_StoreThrowsSomethingElse_IsUnavailableAndGoesOn()
    {
        var store = new InMemoryStore { Fault = () => new InvalidDataException("a bug (test)") };
        await using var writer = Writer(store);
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => writer.CommitAsync(Entry("x"), default).AsTask());
        Assert.IsType<InvalidDataException>(failure.InnerException);
        store.Fault = null;
        Assert.IsType<CommitOutcome.Committed>(await writer.CommitAsync(Entry("y"), default));
    }

    [Fact]
    public async Task DisposeAsync_RequestsWait_WritesThemAndTakesNoMore()
    {
        var store = new GatedStore();
        var writer = Writer(store);
        var tasks = new List<Task<CommitOutcome>> { writer.CommitAsync(Entry("0"), default).AsTask() };
        await store.Entered;
        tasks.AddRange(Enumerable.Range(1, 20).Select(i => writer.CommitAsync(Entry(i.ToString()), default).AsTask()));
        var disposing = writer.DisposeAsync().AsTask();
        store.Open();
        await disposing;
        Assert.All(tasks, t => Assert.IsType<CommitOutcome.Committed>(t.Result));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => writer.CommitAsync(Entry("late"), default).AsTask());
        Assert.False(writer.IsHealthy);
    }

    [Fact]
    public async Task CommitAsync_CancelledAfterItWasQueued_IsWrittenAllTheSame()
    {
        var store = new GatedStore();
        await using var writer = Writer(store);
        var gate = writer.CommitAsync(Entry("gate"), default).AsTask();
        await store.Entered;
        using var cancel = new CancellationTokenSource();
        var queued = writer.CommitAsync(Entry("queued"), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.CommitAsync(Entry("too late"), cancel.Token).AsTask());
        store.Open();
        await gate;
        Assert.IsType<CommitOutcome.Committed>(await queued);
        Assert.Equal([1, 1], store.Sizes);
    }

    [Fact]
    public void RevocationClock_Observes_OnlyWhatRises()
    {
        var clock = new RevocationClock(5);
        Assert.Equal((5, 5), (clock.Epoch, clock.EpochOf("issuing")));
        clock.Observe(Entry("x", new StoreChange.RevokeCertificate("issuing", [1], DateTimeOffset.UnixEpoch, RevocationReason.Superseded)), new CommitOutcome.Committed(0, 6));
        Assert.Equal((6, 6, 5), (clock.Epoch, clock.EpochOf("issuing"), clock.EpochOf("root")));
        clock.Observe(Entry("y", new StoreChange.RevokeCertificate("root", [1], DateTimeOffset.UnixEpoch, RevocationReason.Superseded)), new CommitOutcome.Committed(0, 6));
        Assert.Equal(5, clock.EpochOf("root"));
    }

    private static CommitWriter Writer(ICommitStore store) => new(store, new CommitWriterOptions(), new RevocationClock(0), new AuthorityMetrics(), NullLogger<CommitWriter>.Instance);

    private static CommitRequest Entry(string text, params ImmutableArray<StoreChange> changes) =>
        new(new LedgerEntry(LedgerEntryKind.ConfigurationChanged, DateTimeOffset.UnixEpoch, "test", AuditDetails.Of((AuditDetails.Reason, text))), changes);

    /// <summary>Holds the first batch until told, so that a test knows what the second one gathers.</summary>
    private sealed class GatedStore : ICommitStore
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _open = new();

        public InMemoryStore Inner { get; } = new();

        public Task Entered => _entered.Task;

        public List<int> Sizes { get; } = [];

        public void Open() => _open.Set();

        public IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch)
        {
            _entered.TrySetResult();
            Assert.True(_open.Wait(TimeSpan.FromSeconds(20)));
            Sizes.Add(batch.Count);
            return Inner.Apply(batch);
        }
    }
}
