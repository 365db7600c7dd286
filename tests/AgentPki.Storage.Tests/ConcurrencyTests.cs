using AgentPki.Authority.Store;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Storage.Tests;

public sealed class ConcurrencyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readers_BesideTheWriter_SeeEachCommitWholeAndNeverWait()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync(folder.Options with { CheckpointFrames = 100, Readers = 3 });
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        ICertificateStore certificates = store;
        var released = -1;
        var done = false;
        var readers = Enumerable.Range(0, 6).Select(seed => Task.Run(
            async () =>
            {
                var random = new Random(seed);
                var reads = 0;
                while (!Volatile.Read(ref done))
                {
                    // What was released before the read began is there, with its agent, its key and its entry.
                    await Task.Yield();
                    var newest = Volatile.Read(ref released);
                    if (newest < 0)
                    {
                        continue;
                    }

                    var n = random.Next(newest + 1);
                    Assert.NotNull(await certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(n), Cancelled));
                    Assert.Equal(StoreSamples.AgentId(n), (await certificates.FindKeyAsync(StoreSamples.KeyFingerprint(n), Cancelled))?.AgentId);
                    Assert.True(await certificates.CountAsync(Cancelled) > newest);
                    var head = await store.HeadAsync(Cancelled);
                    Assert.Equal(head.Root, await new Ledger.Merkle.MerkleProver(store).RootAsync(head.Size, Cancelled));
                    reads++;
                }

                return reads;
            },
            Cancelled)).ToList();

        // While a slow reader holds an old state all the time.
        await using var slow = ((ICertificateListStore)store).ListEntriesAsync(StoreSamples.Authority, 0, DateTimeOffset.MinValue, Cancelled).GetAsyncEnumerator(Cancelled);
        await slow.MoveNextAsync();
        for (var n = 0; n < 3000; n += 30)
        {
            store.Apply([.. Enumerable.Range(n, 30).Select(StoreSamples.Issuance)]);
            Volatile.Write(ref released, n + 29);
        }

        Volatile.Write(ref done, true);
        Assert.True((await Task.WhenAll(readers)).Sum() > 0, "Nobody read anything: the test has shown nothing.");
    }

    [Fact]
    public async Task ListRevoked_WhileMoreAreRevoked_IsOneState()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync();
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        store.Apply([.. Enumerable.Range(0, 200).Select(StoreSamples.Issuance)]);
        store.Apply([.. Enumerable.Range(0, 100).Select(n => StoreSamples.Revocation(n))]);

        var listed = 0;
        await foreach (var revoked in ((ICertificateListStore)store).ListEntriesAsync(StoreSamples.Authority, 0, StoreSamples.Now, Cancelled))
        {
            if (listed++ == 10)
            {
                store.Apply([.. Enumerable.Range(100, 100).Select(n => StoreSamples.Revocation(n))]);
            }
        }

        Assert.Equal(100, listed);
    }

    [Fact]
    public async Task Reads_MoreThanConnections_WaitForOne_AndCanBeCancelled()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync(folder.Options with { Readers = 1 });
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        store.Apply([.. Enumerable.Range(0, 2).Select(StoreSamples.Issuance)]);
        store.Apply([.. Enumerable.Range(0, 2).Select(n => StoreSamples.Revocation(n))]);
        ICertificateStore certificates = store;

        await using (var holding = ((ICertificateListStore)store).ListEntriesAsync(StoreSamples.Authority, 0, StoreSamples.Now, Cancelled).GetAsyncEnumerator(Cancelled))
        {
            Assert.True(await holding.MoveNextAsync());
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await certificates.CountAsync(soon.Token));
        }

        Assert.Equal(2, await certificates.CountAsync(Cancelled));
    }

    [Fact]
    public async Task Log_UnderLoad_IsCopiedAndBeginsAnew()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync(folder.Options with { CheckpointFrames = 200 });
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        for (var n = 0; n < 6000; n += 50)
        {
            store.Apply([.. Enumerable.Range(n, 50).Select(StoreSamples.Issuance)]);
        }

        // Some 20,000 frames were written; without copying the log would have 80 MB. With it, 600 frames and what batches add while a busy machine copies.
        Assert.InRange(new FileInfo(folder.Database + "-wal").Length, 1, 40 << 20);
        Assert.True(new FileInfo(folder.Database).Length > 5 << 20);
    }
}
