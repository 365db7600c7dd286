using System.Numerics;

namespace AgentPki.Ledger.Merkle;

/// <summary>Where a prover finds hashes: leaves, and the heads of complete subtrees at every eighth level (as tiles of 256 would hold them).</summary>
public interface IMerkleNodes
{
    /// <summary>Reads <paramref name="count"/> heads of complete subtrees of 2^<paramref name="level"/> leaves, from <paramref name="first"/> on.</summary>
    /// <param name="level">A multiple of <see cref="MerkleProver.LevelStep"/>; 0 for leaf hashes.</param>
    /// <exception cref="InvalidDataException">A hash within the tree is missing.</exception>
    ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken);
}

/// <summary>Makes heads, inclusion and consistency proofs for any size up to the log's (RFC 9162 §2.1). Reads at most 255 hashes per path element.</summary>
public sealed class MerkleProver(IMerkleNodes nodes)
{
    /// <summary>Only heads at levels that are a multiple of this are kept: one row for 256 leaves instead of one for each.</summary>
    public const int LevelStep = 8;

    /// <summary>The tree head over the first <paramref name="size"/> leaves.</summary>
    public ValueTask<MerkleHash> RootAsync(long size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return size == 0 ? new(MerkleTree.EmptyRoot) : RangeHashAsync(0, size, cancellationToken);
    }

    /// <summary>RFC 9162 §2.1.3.1: the path from leaf <paramref name="index"/> to the head of the tree of <paramref name="size"/> leaves.</summary>
    public async ValueTask<IReadOnlyList<MerkleHash>> InclusionProofAsync(long index, long size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var ranges = new Stack<(long Start, long End)>();
        var (start, end) = (0L, size);
        while (end - start > 1)
        {
            var middle = start + SplitPoint(end - start);
            ranges.Push(index < middle ? (middle, end) : (start, middle));
            (start, end) = index < middle ? (start, middle) : (middle, end);
        }

        return await HashAllAsync(ranges, cancellationToken);
    }

    /// <summary>RFC 9162 §2.1.4.1: shows that the tree of <paramref name="second"/> leaves appends to that of <paramref name="first"/>; empty when either is trivial.</summary>
    public async ValueTask<IReadOnlyList<MerkleHash>> ConsistencyProofAsync(long first, long second, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, second);
        if (first == 0 || first == second)
        {
            return [];
        }

        // SUBPROOF(m, D[start:end], b): b is true while the subtree still is the whole first tree.
        var ranges = new Stack<(long Start, long End)>();
        var (start, end) = (0L, second);
        while (first != end)
        {
            var middle = start + SplitPoint(end - start);
            ranges.Push(first <= middle ? (middle, end) : (start, middle));
            (start, end) = first <= middle ? (start, middle) : (middle, end);
        }

        if (start != 0)
        {
            ranges.Push((start, end));
        }

        return await HashAllAsync(ranges, cancellationToken);
    }

    /// <summary>A frontier as if the first <paramref name="size"/> leaves had been appended, from at most 255 hashes per stored level.</summary>
    public async ValueTask<MerkleFrontier> FrontierAsync(long size, CancellationToken cancellationToken)
    {
        var frontier = new MerkleFrontier();
        foreach (var (level, index) in CompleteSubtrees(0, size))
        {
            frontier.AppendSubtree(level, await HeadAsync(level, index, cancellationToken));
        }

        return frontier;
    }

    private async ValueTask<IReadOnlyList<MerkleHash>> HashAllAsync(Stack<(long Start, long End)> ranges, CancellationToken cancellationToken)
    {
        var proof = new List<MerkleHash>(ranges.Count);
        foreach (var (start, end) in ranges)
        {
            proof.Add(await RangeHashAsync(start, end, cancellationToken));
        }

        return proof;
    }

    /// <summary>MTH(D[start:end]): complete subtrees from the left, folded from the right.</summary>
    private async ValueTask<MerkleHash> RangeHashAsync(long start, long end, CancellationToken cancellationToken)
    {
        MerkleHash? hash = null;
        foreach (var (level, index) in CompleteSubtrees(start, end).Reverse())
        {
            var head = await HeadAsync(level, index, cancellationToken);
            hash = hash is { } right ? MerkleTree.HashNode(head, right) : head;
        }

        return hash ?? MerkleTree.EmptyRoot;
    }

    private async ValueTask<MerkleHash> HeadAsync(int level, long index, CancellationToken cancellationToken)
    {
        var stored = level / LevelStep * LevelStep;
        var shift = level - stored;
        var hashes = (await nodes.ReadHashesAsync(stored, index << shift, 1 << shift, cancellationToken)).ToArray();
        for (var count = hashes.Length; count > 1; count >>= 1)
        {
            for (var i = 0; i < count / 2; i++)
            {
                hashes[i] = MerkleTree.HashNode(hashes[2 * i], hashes[(2 * i) + 1]);
            }
        }

        return hashes[0];
    }

    /// <summary>The complete subtrees that make up a range whose start is aligned to its largest one, left to right.</summary>
    private static IEnumerable<(int Level, long Index)> CompleteSubtrees(long start, long end)
    {
        while (start < end)
        {
            var level = BitOperations.Log2((ulong)(end - start));
            yield return (level, start >> level);
            start += 1L << level;
        }
    }

    /// <summary>The largest power of two smaller than <paramref name="n"/>.</summary>
    private static long SplitPoint(long n) => 1L << BitOperations.Log2((ulong)(n - 1));
}
