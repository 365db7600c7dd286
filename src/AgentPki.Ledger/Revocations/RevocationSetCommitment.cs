using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>What a signed statement says of a set: enough to verify all of it, or one bucket of it.</summary>
/// <param name="Root">RFC 9162 §2.1.1 tree head over the buckets, in their order.</param>
/// <param name="BucketBits">There are 2^this buckets; 0 to <see cref="MaximumBucketBits"/>.</param>
/// <param name="Count">Members.</param>
/// <param name="Octets">Length of the whole set's encoding.</param>
public sealed record RevocationSetCommitment(MerkleHash Root, int BucketBits, long Count, long Octets)
{
    /// <summary>Sixteen million buckets: two thousand million members.</summary>
    public const int MaximumBucketBits = 24;

    /// <summary>Members of a bucket, on average, at most.</summary>
    public const int MembersPerBucket = 128;

    public int Buckets => 1 << BucketBits;

    /// <summary>Whether the numbers can be those of a set. Encodings take at most 10 octets a member and 3 a bucket.</summary>
    public bool IsSound => BucketBits is >= 0 and <= MaximumBucketBits && Count >= 0 && Octets is >= 0 and <= int.MaxValue
        && Octets >= Count + Buckets && Octets <= (Count * 10) + (Buckets * 5L);

    /// <summary>The bits that give buckets of at most <see cref="MembersPerBucket"/> members on average.</summary>
    public static int BucketBitsFor(long count)
    {
        var bits = 0;
        while (bits < MaximumBucketBits && count > (long)MembersPerBucket << bits)
        {
            bits++;
        }

        return bits;
    }
}
