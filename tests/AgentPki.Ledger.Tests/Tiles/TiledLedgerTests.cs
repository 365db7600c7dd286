using AgentPki.Authority.Store;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Tiles;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Ledger.Tests.Tiles;

/// <summary>A published log, read by an auditor who knows an older head of it: grown, set back, forked, or served with octets that were changed.</summary>
public sealed class TiledLedgerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhyNotGrown_AnHonestLog_IsNull_FromTheBeginningOrAnOlderHead()
    {
        var store = new InMemoryStore();
        var known = new List<Checkpoint>();
        foreach (var size in (int[])[1, 2, 255, 256, 257, 512, 600])
        {
            known.Add(await GrownAsync(store, size));
        }

        var head = known[^1];
        Assert.Null(await Log(store).WhyNotGrownAsync(head, null, null, Cancelled));
        foreach (var older in known)
        {
            Assert.Null(await Log(store).WhyNotGrownAsync(head, older, null, Cancelled));
            Assert.Equal(older.Root, await Log(store).RootAsync(older.Size, head, Cancelled));
            Assert.True(MerkleTree.VerifyConsistency(older.Size, older.Root, head.Size, head.Root, await Log(store).ConsistencyProofAsync(older.Size, head, Cancelled)));
        }
    }

    [Fact]
    public async Task WhyNotGrown_OnlyWhatIsNew_IsFetched()
    {
        var store = new InMemoryStore();
        var older = await GrownAsync(store, 10_000);
        var head = await GrownAsync(store, 10_300);
        var fetched = new List<LedgerTile>();
        Assert.Null(await Log(store, tile => fetched.Add(tile)).WhyNotGrownAsync(head, older, null, Cancelled));
        Assert.InRange(fetched.Count, 2, 6);
    }

    [Fact]
    public async Task WhyNotGrown_SetBackOrForked_SaysSo()
    {
        var (store, other) = (new InMemoryStore(), new InMemoryStore());
        var older = await GrownAsync(store, 300);
        var head = await GrownAsync(store, 600);
        Assert.Contains("set back", await Log(store).WhyNotGrownAsync(older, head, null, Cancelled), StringComparison.Ordinal);
        Assert.Contains("forked", await Log(other).WhyNotGrownAsync(await GrownAsync(other, 600), older, null, Cancelled), StringComparison.Ordinal);

        // Of one size, another root.
        Assert.Contains("forked", await Log(store).WhyNotGrownAsync(head, head with { Root = older.Root }, null, Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhyNotGrown_AChangedOctetInAnyTile_IsFoundOut()
    {
        var store = new InMemoryStore();
        var older = await GrownAsync(store, 300);
        var head = await GrownAsync(store, 600);
        var fetched = new List<LedgerTile>();
        await Log(store, tile => fetched.Add(tile)).WhyNotGrownAsync(head, older, null, Cancelled);
        var random = new Random(7);
        foreach (var changed in fetched)
        {
            var log = new TiledLedger(async (tile, cancellationToken) =>
            {
                var octets = await new TileReader(store).ReadAsync(tile, cancellationToken);
                if (tile == changed)
                {
                    // Hashes that the older head does not need are not looked at in a tile: its last entry's are.
                    octets[tile.IsEntries ? random.Next(octets.Length - 77, octets.Length) : 0] ^= 1;
                }

                return octets;
            });
            string? why;
            try
            {
                why = await log.WhyNotGrownAsync(head, older, null, Cancelled);
            }
            catch (InvalidDataException error)
            {
                why = error.Message;
            }

            Assert.True(why is not null, $"{changed} was changed, and nothing was found");
        }

        foreach (var length in (int[])[0, 1, 31])
        {
            var log = new TiledLedger(async (tile, cancellationToken) => (await new TileReader(store).ReadAsync(tile, cancellationToken))[..length]);
            await Assert.ThrowsAsync<InvalidDataException>(async () => await log.WhyNotGrownAsync(head, older, null, Cancelled));
        }
    }

    private static TiledLedger Log(InMemoryStore store, Action<LedgerTile>? fetched = null) => new(async (tile, cancellationToken) =>
    {
        fetched?.Invoke(tile);
        return await new TileReader(store).ReadAsync(tile, cancellationToken);
    });

    private static async Task<Checkpoint> GrownAsync(InMemoryStore store, int size)
    {
        var has = (int)(await store.HeadAsync(Cancelled)).Size;
        store.Apply([.. Enumerable.Range(has, size - has).Select(i => new CommitRequest(StoreSamples.Entry(LedgerEntryKind.ConfigurationChanged, ("n", $"{i}")), []))]);
        return Checkpoint.Of(await store.HeadAsync(Cancelled));
    }
}
