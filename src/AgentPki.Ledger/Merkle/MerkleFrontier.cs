using System.Numerics;

namespace AgentPki.Ledger.Merkle;

/// <summary>
/// The right edge of a growing tree: the heads of its complete subtrees, one per set bit of the size. Appending costs one leaf
/// hash and on average one node hash; the root costs one hash per set bit. Not thread-safe.
/// </summary>
public sealed class MerkleFrontier
{
    // _complete[l] is the head of the complete subtree of 2^l leaves, valid where bit l of Size is set.
    private readonly MerkleHash[] _complete = new MerkleHash[63];

    /// <summary>An empty tree.</summary>
    public MerkleFrontier()
    {
    }

    /// <summary>A copy that grows on its own: what a transaction appends to until it is committed.</summary>
    public MerkleFrontier(MerkleFrontier other)
    {
        other._complete.CopyTo(_complete, 0);
        Size = other.Size;
    }

    /// <summary>Number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>Appends a leaf's hash.</summary>
    /// <param name="completed">Called with level, index and hash of every subtree that this leaf completes, the leaf itself (level 0) left out.</param>
    public void Append(in MerkleHash leafHash, Action<int, long, MerkleHash>? completed = null)
    {
        var (hash, level) = (leafHash, 0);
        for (var size = Size; (size & 1) == 1; size >>= 1)
        {
            hash = MerkleTree.HashNode(_complete[level], hash);
            level++;
            completed?.Invoke(level, size >> 1, hash);
        }

        _complete[level] = hash;
        Size++;
    }

    /// <summary>Appends a complete subtree of 2^<paramref name="level"/> leaves; the size must be a multiple of that.</summary>
    public void AppendSubtree(int level, in MerkleHash head)
    {
        if ((Size & ((1L << level) - 1)) != 0)
        {
            throw new ArgumentException($"A subtree of level {level} cannot follow {Size} leaves.", nameof(level));
        }

        var (hash, at) = (head, level);
        for (var size = Size >> level; (size & 1) == 1; size >>= 1)
        {
            hash = MerkleTree.HashNode(_complete[at], hash);
            at++;
        }

        _complete[at] = hash;
        Size += 1L << level;
    }

    /// <summary>The tree head (RFC 9162 §2.1.1 MTH of all leaves).</summary>
    public MerkleHash Root()
    {
        if (Size == 0)
        {
            return MerkleTree.EmptyRoot;
        }

        var level = BitOperations.TrailingZeroCount(Size);
        var hash = _complete[level];
        for (var rest = Size >> (level + 1); rest != 0; rest >>= 1)
        {
            level++;
            if ((rest & 1) == 1)
            {
                hash = MerkleTree.HashNode(_complete[level], hash);
            }
        }

        return hash;
    }
}
