using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Tiles;

/// <summary>Makes tiles and entry bundles of what the log keeps anyway: its stored levels are those of the tiles (<see cref="MerkleProver.LevelStep"/>).</summary>
public sealed class TileReader(ILedgerStore ledger)
{
    /// <summary>The octets of a tile (its hashes, one after the other) or of an entry bundle.</summary>
    /// <param name="tile">One that is within the log's size.</param>
    /// <exception cref="InvalidDataException">An entry or a stored hash is missing.</exception>
    public async ValueTask<byte[]> ReadAsync(LedgerTile tile, CancellationToken cancellationToken) =>
        tile.IsEntries ? EntryBundle.Encode(await LeavesAsync(tile, cancellationToken)) : await HashesAsync(tile, cancellationToken);

    private async ValueTask<byte[]> HashesAsync(LedgerTile tile, CancellationToken cancellationToken)
    {
        var hashes = await ledger.ReadHashesAsync(tile.Level * MerkleProver.LevelStep, tile.First, tile.Width, cancellationToken);
        var octets = new byte[hashes.Count * MerkleHash.Size];
        for (var i = 0; i < hashes.Count; i++)
        {
            hashes[i].CopyTo(octets.AsSpan(i * MerkleHash.Size));
        }

        return octets;
    }

    private async ValueTask<IReadOnlyList<LedgerLeaf>> LeavesAsync(LedgerTile tile, CancellationToken cancellationToken)
    {
        var leaves = new List<LedgerLeaf>(tile.Width);
        await foreach (var record in ledger.ReadAsync(tile.First, cancellationToken))
        {
            if (record.Leaf.Index != tile.First + leaves.Count)
            {
                break;
            }

            leaves.Add(record.Leaf);
            if (leaves.Count == tile.Width)
            {
                return leaves;
            }
        }

        throw new InvalidDataException($"Entry {tile.First + leaves.Count} is missing.");
    }
}
