using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Tiles;

/// <summary>A log as its tiles are served, read by somebody who believes nothing but a verified head: every octet is hashed into it.</summary>
/// <param name="fetch">What stands under a name behind <c>tile/</c>.</param>
public sealed class TiledLedger(Func<LedgerTile, CancellationToken, ValueTask<byte[]>> fetch)
{
    /// <summary>Bundles that are asked for before they are needed.</summary>
    private const int Ahead = 8;

    /// <summary>
    /// Whether the log of <paramref name="head"/> begins with that of <paramref name="known"/>, by every entry between the two: the tree of the older head from tiles, the entries
    /// appended one by one.
    /// </summary>
    /// <param name="head">A head that was verified.</param>
    /// <param name="known">An older one that was verified; null: from the first entry on.</param>
    /// <param name="progress">Told the number of entries done.</param>
    /// <returns>Why not, as a sentence with what does not agree; null: it does.</returns>
    /// <exception cref="InvalidDataException">What was fetched is no tile.</exception>
    public async ValueTask<string?> WhyNotGrownAsync(Checkpoint head, Checkpoint? known, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var (from, size) = (known?.Size ?? 0, head.Size);
        if (from > size)
        {
            return $"the log has {size} entries, and had {from} when the older head was signed: it was set back";
        }

        var frontier = await new MerkleProver(new TileNodes(fetch, size)).FrontierAsync(from, cancellationToken);
        if (known is not null && frontier.Root() != known.Root)
        {
            return $"its first {from} entries are not those of the older head: it was forked";
        }

        var ahead = new Queue<Task<byte[]>>();
        var next = from / LedgerTile.FullWidth;
        for (var index = next; index * LedgerTile.FullWidth < size; index++)
        {
            for (; ahead.Count < Ahead && next * LedgerTile.FullWidth < size; next++)
            {
                ahead.Enqueue(fetch(LedgerTile.OfEntries(next, WidthAt(next, size)), cancellationToken).AsTask());
            }

            var leaves = EntryBundle.Decode(await ahead.Dequeue(), WidthAt(index, size));
            for (var i = (int)Math.Max(0, from - (index * LedgerTile.FullWidth)); i < leaves.Count; i++)
            {
                if (!LedgerLeaf.TryDecode(leaves[i].Span, out var leaf) || leaf.Index != frontier.Size)
                {
                    return $"entry {frontier.Size} says that it is {(leaf is null ? "none of this ledger's" : $"entry {leaf.Index}")}";
                }

                frontier.Append(MerkleTree.HashLeaf(leaves[i].Span));
            }

            progress?.Report(frontier.Size);
        }

        return frontier.Root() == head.Root ? null : $"its entries {from} to {size - 1} are not those that its head was signed over";
    }

    /// <summary>The root over the first <paramref name="size"/> entries of the log of <paramref name="head"/>, out of a few tiles. It is believed once the head's own comes out of them.</summary>
    public ValueTask<MerkleHash> RootAsync(long size, Checkpoint head, CancellationToken cancellationToken) => new MerkleProver(new TileNodes(fetch, head.Size)).RootAsync(size, cancellationToken);

    /// <summary>The proof that the log of <paramref name="head"/> begins with its first <paramref name="size"/> entries.</summary>
    public ValueTask<IReadOnlyList<MerkleHash>> ConsistencyProofAsync(long size, Checkpoint head, CancellationToken cancellationToken) =>
        new MerkleProver(new TileNodes(fetch, head.Size)).ConsistencyProofAsync(size, head.Size, cancellationToken);

    private static int WidthAt(long index, long size) => (int)Math.Min(LedgerTile.FullWidth, size - (index * LedgerTile.FullWidth));

    private sealed class TileNodes(Func<LedgerTile, CancellationToken, ValueTask<byte[]>> fetch, long size) : IMerkleNodes
    {
        private readonly Dictionary<LedgerTile, byte[]> _fetched = [];

        public async ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken)
        {
            // A prover asks for hashes of one tile at a time: 2^n of them, aligned.
            var (tileLevel, index) = (level / MerkleProver.LevelStep, first / LedgerTile.FullWidth);
            var width = (int)Math.Min(LedgerTile.FullWidth, (size >> level) - (index * LedgerTile.FullWidth));
            var tile = LedgerTile.OfHashes(tileLevel, index, width);
            if (!_fetched.TryGetValue(tile, out var octets))
            {
                _fetched[tile] = octets = await fetch(tile, cancellationToken);
            }

            if (octets.Length != width * MerkleHash.Size)
            {
                throw new InvalidDataException($"Tile {tile} has {octets.Length} octets instead of {width * MerkleHash.Size}.");
            }

            var offset = (int)(first % LedgerTile.FullWidth);
            return [.. Enumerable.Range(offset, count).Select(i => new MerkleHash(octets.AsSpan(i * MerkleHash.Size, MerkleHash.Size)))];
        }
    }
}
