using System.Diagnostics.CodeAnalysis;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>
/// A set of certificates, by <see cref="RevocationMember"/>: for each bucket, in order, its length as a <see cref="Varint"/> and its octets. It exists only verified against its
/// commitment. About seven octets for each of a hundred thousand members, six for each of ten million; four octets a bucket beside them in memory.
/// </summary>
public sealed class RevocationSet
{
    private readonly int[] _starts;

    private RevocationSet(ReadOnlyMemory<byte> octets, int[] starts, RevocationSetCommitment commitment) => (Octets, _starts, Commitment) = (octets, starts, commitment);

    public RevocationSetCommitment Commitment { get; }

    /// <summary>The whole set as it is sent.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>Reads a set; refuses whatever is not, octet by octet, what the commitment says.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> octets, RevocationSetCommitment commitment, [NotNullWhen(true)] out RevocationSet? set, [NotNullWhen(false)] out string? error)
    {
        set = null;
        error = commitment.IsSound && octets.Length == commitment.Octets ? null : "the set has another length than its statement says";
        if (error is not null)
        {
            return false;
        }

        var starts = new int[commitment.Buckets];
        var tree = new MerkleFrontier();
        var rest = octets.Span;
        var count = 0L;
        for (var bucket = 0; bucket < starts.Length; bucket++)
        {
            starts[bucket] = octets.Length - rest.Length;
            if (!Varint.TryRead(ref rest, out var length) || length > (ulong)rest.Length || !RevocationBucket.TryCount(rest[..(int)length], commitment.BucketBits, out var members))
            {
                error = $"bucket {bucket} of the set is not well-formed";
                return false;
            }

            tree.Append(MerkleTree.HashLeaf(rest[..(int)length]));
            count += members;
            rest = rest[(int)length..];
        }

        error = !rest.IsEmpty ? "the set goes on behind its last bucket" : count != commitment.Count || tree.Root() != commitment.Root ? "the set is not the one that was signed" : null;
        set = error is null ? new RevocationSet(octets, starts, commitment) : null;
        return set is not null;
    }

    public bool Contains(RevocationMember member) => RevocationBucket.Contains(BucketOctets(member.BucketOf(Commitment.BucketBits)).Span, Commitment.BucketBits, member);

    /// <summary>One bucket's octets, without its length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bucket.</exception>
    public ReadOnlyMemory<byte> BucketOctets(int bucket)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bucket);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bucket, _starts.Length);
        var rest = Octets.Span[_starts[bucket]..];
        _ = Varint.TryRead(ref rest, out var length); // checked when it was read
        return Octets.Slice(Octets.Length - rest.Length, (int)length);
    }
}
