using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Tiles;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Stores;
using AgentPki.Testing.Tiles;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>Tiles out of the database, read by a reader that shares no code with it.</summary>
public sealed class TileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Tiles_OfATreeOfTwoLevels_GiveItsRoot() => CheckAsync(513, [0, 256, 512]);

    /// <summary>65,536 entries are a full tile of level 1 and the first hash of level 2; here are some more, so that every level has a partial tile.</summary>
    [Fact]
    [Trait("tier", "full")]
    public Task Tiles_OfATreeOfThreeLevels_GiveItsRoot() => CheckAsync(66_000, [0, 65_535, 65_536, 65_999]);

    [Fact]
    public async Task Tile_OfAHashThatIsMissing_IsNotMadeUp()
    {
        await using var store = await GrownAsync(600);
        using var vandal = SqlSession.Open(_folder.Database);
        vandal.Execute("DELETE FROM merkle_nodes WHERE level = 8 AND position = 1");
        vandal.Execute("DELETE FROM ledger WHERE leaf = 3");
        foreach (var path in new[] { "1/000.p/2", "0/000", "entries/000" })
        {
            Assert.True(LedgerTile.TryParse(path, out var tile));
            await Assert.ThrowsAsync<InvalidDataException>(async () => await new TileReader(store).ReadAsync(tile, Cancelled));
        }
    }

    private async Task CheckAsync(int size, long[] indexes)
    {
        await using var store = await GrownAsync(size);
        var head = await store.HeadAsync(Cancelled);
        var tiles = new TileReader(store);
        TiledLog Log() => new(path => LedgerTile.TryParse(path, out var tile) && tile.IsWithin(size) ? tiles.ReadAsync(tile, Cancelled).AsTask() : throw new InvalidDataException(path), size);

        var log = Log();
        var leaves = await log.LeafHashesAsync();
        Assert.Equal(head.Root.ToByteArray(), TiledLog.Root(leaves));
        Assert.Equal(leaves, (await log.EntriesAsync()).Select(TiledLog.HashLeaf));
        for (var level = 1; size >> (8 * level) > 0; level++)
        {
            var below = await log.LevelAsync(level - 1);
            Assert.Equal(below.Chunk(256).Where(tile => tile.Length == 256).Select(TiledLog.Root), await log.LevelAsync(level));
        }

        foreach (var index in indexes)
        {
            // A proof and the head need two tiles a level at most: the entry's own and the last.
            var reader = Log();
            var proof = await reader.InclusionProofAsync(index);
            Assert.Equal((await new MerkleProver(store).InclusionProofAsync(index, size, Cancelled)).Select(hash => hash.ToByteArray()), proof);
            Assert.Equal(head.Root.ToByteArray(), await reader.RootAsync());
            Assert.InRange(reader.Fetched.Count, 1, 6);
        }
    }

    private async Task<SqliteStore> GrownAsync(int size)
    {
        var store = await _folder.OpenAsync();
        for (var has = (int)(await store.HeadAsync(Cancelled)).Size; has < size;)
        {
            var count = Math.Min(1000, size - has);
            store.Apply([.. Enumerable.Range(has, count).Select(_ => new CommitRequest(StoreSamples.Entry(LedgerEntryKind.ConfigurationChanged), []))]);
            has += count;
        }

        return store;
    }
}
