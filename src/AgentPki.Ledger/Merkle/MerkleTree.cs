using System.Numerics;
using System.Security.Cryptography;

namespace AgentPki.Ledger.Merkle;

/// <summary>The hashing and the proof verification of RFC 9162 §2.1 with SHA-256. Pure functions: who verifies needs nothing else.</summary>
public static class MerkleTree
{
    private const byte LeafPrefix = 0x00;
    private const byte NodePrefix = 0x01;

    /// <summary>The head of the tree without leaves: the hash of an empty string (RFC 9162 §2.1.1).</summary>
    public static MerkleHash EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>RFC 9162 §2.1.1: HASH(0x00 || d[0]).</summary>
    public static MerkleHash HashLeaf(ReadOnlySpan<byte> leaf)
    {
        Span<byte> input = leaf.Length < 512 ? stackalloc byte[leaf.Length + 1] : new byte[leaf.Length + 1];
        input[0] = LeafPrefix;
        leaf.CopyTo(input[1..]);
        Span<byte> hash = stackalloc byte[MerkleHash.Size];
        SHA256.HashData(input, hash);
        return new MerkleHash(hash);
    }

    /// <summary>RFC 9162 §2.1.1: HASH(0x01 || left || right).</summary>
    public static MerkleHash HashNode(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * MerkleHash.Size)];
        input[0] = NodePrefix;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + MerkleHash.Size)..]);
        Span<byte> hash = stackalloc byte[MerkleHash.Size];
        SHA256.HashData(input, hash);
        return new MerkleHash(hash);
    }

    /// <summary>Whether <paramref name="proof"/> shows that <paramref name="leafHash"/> is leaf <paramref name="index"/> of the tree of that size and root.</summary>
    /// <remarks>RFC 9162 §2.1.3.2, step by step.</remarks>
    public static bool VerifyInclusion(MerkleHash leafHash, long index, long size, IReadOnlyList<MerkleHash> proof, MerkleHash root)
    {
        // 1. Compare leaf_index against tree_size.
        if (index < 0 || index >= size)
        {
            return false;
        }

        // 2. Set fn to leaf_index and sn to tree_size - 1.  3. Set r to hash.
        var (fn, sn, r) = (index, size - 1, leafHash);
        foreach (var p in proof)
        {
            // 4. If sn is 0, the proof is too long.
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                // a. r = HASH(0x01 || p || r); if LSB(fn) is not set, right-shift both until it is set or fn is 0.
                r = HashNode(p, r);
                while ((fn & 1) == 0 && fn != 0)
                {
                    (fn, sn) = (fn >> 1, sn >> 1);
                }
            }
            else
            {
                r = HashNode(r, p);
            }

            (fn, sn) = (fn >> 1, sn >> 1);
        }

        // 5. Compare sn to 0 and r against the root hash.
        return sn == 0 && r == root;
    }

    /// <summary>Whether <paramref name="proof"/> shows that the second tree only appends to the first.</summary>
    /// <remarks>
    /// RFC 9162 §2.1.4.2, with the two cases that it leaves to its reader: equal sizes need equal roots and no proof; from the
    /// empty tree everything follows, with no proof.
    /// </remarks>
    public static bool VerifyConsistency(long first, MerkleHash firstRoot, long second, MerkleHash secondRoot, IReadOnlyList<MerkleHash> proof)
    {
        if (first < 0 || first > second)
        {
            return false;
        }

        if (first == second || first == 0)
        {
            return proof.Count == 0 && (first == second ? firstRoot == secondRoot : firstRoot == EmptyRoot);
        }

        // 1. An empty path proves nothing.  2. If first is an exact power of 2, prepend first_hash.
        var path = BitOperations.IsPow2(first) ? [firstRoot, .. proof] : proof;
        if (path.Count == 0)
        {
            return false;
        }

        // 3. fn = first - 1, sn = second - 1.  4. If LSB(fn) is set, right-shift both until it is not.
        var (fn, sn) = (first - 1, second - 1);
        while ((fn & 1) == 1)
        {
            (fn, sn) = (fn >> 1, sn >> 1);
        }

        // 5. Set both fr and sr to the first value.
        var (fr, sr) = (path[0], path[0]);
        foreach (var c in path.Skip(1))
        {
            // 6. If sn is 0, the proof is too long.
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                // b. fr = HASH(0x01 || c || fr), sr = HASH(0x01 || c || sr); shift until LSB(fn) is set or fn is 0.
                (fr, sr) = (HashNode(c, fr), HashNode(c, sr));
                while ((fn & 1) == 0 && fn != 0)
                {
                    (fn, sn) = (fn >> 1, sn >> 1);
                }
            }
            else
            {
                sr = HashNode(sr, c);
            }

            (fn, sn) = (fn >> 1, sn >> 1);
        }

        // 7. Both must match, and nothing may be left of sn.
        return fr == firstRoot && sr == secondRoot && sn == 0;
    }
}
