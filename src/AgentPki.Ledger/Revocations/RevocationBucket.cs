using System.Diagnostics.CodeAnalysis;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>
/// One bucket of a set: its members without their leading bits, rising, the first as it is, the others as their distance from the one before minus one, each as a
/// <see cref="Varint"/>. A bucket exists only verified against its set's commitment.
/// </summary>
public sealed class RevocationBucket
{
    private readonly ReadOnlyMemory<byte> _octets;
    private readonly int _bucketBits;

    private RevocationBucket(ReadOnlyMemory<byte> octets, int index, int bucketBits) => (_octets, Index, _bucketBits) = (octets, index, bucketBits);

    public int Index { get; }

    /// <summary>Reads what a server sends for one bucket: the path from it to the set's root (RFC 9162 §2.1.3, one hash for each of the bucket bits), then the bucket.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> sent, int index, RevocationSetCommitment commitment, [NotNullWhen(true)] out RevocationBucket? bucket, [NotNullWhen(false)] out string? error)
    {
        bucket = null;
        var pathLength = commitment.BucketBits * MerkleHash.Size;
        if (sent.Length < pathLength)
        {
            error = "the bucket is cut short";
            return false;
        }

        var path = new MerkleHash[commitment.BucketBits];
        for (var i = 0; i < path.Length; i++)
        {
            path[i] = new MerkleHash(sent.Span.Slice(i * MerkleHash.Size, MerkleHash.Size));
        }

        var octets = sent[pathLength..];
        if (!MerkleTree.VerifyInclusion(MerkleTree.HashLeaf(octets.Span), index, commitment.Buckets, path, commitment.Root))
        {
            error = "the bucket is not the one that was signed";
            return false;
        }

        if (!TryCount(octets.Span, commitment.BucketBits, out _))
        {
            error = "the bucket is not well-formed";
            return false;
        }

        error = null;
        bucket = new RevocationBucket(octets.ToArray(), index, commitment.BucketBits);
        return true;
    }

    /// <summary>Whether the member is in it; one of another bucket never is.</summary>
    public bool Contains(RevocationMember member) => member.BucketOf(_bucketBits) == Index && Contains(_octets.Span, _bucketBits, member);

    /// <summary>Counts the members; false when the octets are no bucket of a set with so many.</summary>
    internal static bool TryCount(ReadOnlySpan<byte> octets, int bucketBits, out long count)
    {
        var last = ulong.MaxValue >> bucketBits;
        count = 0;
        var value = 0UL;
        while (!octets.IsEmpty)
        {
            if (!Varint.TryRead(ref octets, out var step) || (count == 0 ? step > last : step >= last - value))
            {
                return false;
            }

            value = count++ == 0 ? step : value + step + 1;
        }

        return true;
    }

    internal static bool Contains(ReadOnlySpan<byte> octets, int bucketBits, RevocationMember member)
    {
        var wanted = member.Value & (ulong.MaxValue >> bucketBits);
        var value = 0UL;
        for (var first = true; Varint.TryRead(ref octets, out var step); first = false)
        {
            value = first ? step : value + step + 1;
            if (value >= wanted)
            {
                return value == wanted;
            }
        }

        return false;
    }
}
