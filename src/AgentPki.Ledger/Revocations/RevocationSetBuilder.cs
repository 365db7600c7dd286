using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>
/// Makes a set of members that come in any order, in bounded memory: 8 MB for sorting, whatever there is more of goes through a temporary file; the encoding is written as a stream.
/// </summary>
/// <param name="chunk">Members sorted in memory at a time.</param>
public sealed class RevocationSetBuilder(int chunk = RevocationSetBuilder.DefaultChunk) : IDisposable
{
    public const int DefaultChunk = 1 << 20;
    private readonly MemberSorter _sorter = new(chunk);
    private readonly MerkleFrontier _tree = new();
    private byte[] _bucket = new byte[2 * RevocationSetCommitment.MembersPerBucket * Varint.MaximumSize];

    /// <summary>Members added; one added twice is in the set once.</summary>
    public long Added => _sorter.Count;

    public void Add(RevocationMember member) => _sorter.Add(member.Value);

    /// <summary>Writes the set and says what to sign of it. To be called once.</summary>
    public RevocationSetCommitment Write(Stream output)
    {
        var bits = RevocationSetCommitment.BucketBitsFor(_sorter.Count);
        var (bucket, length, count, octets) = (0, 0, 0L, 0L);
        ulong? before = null;
        foreach (var member in _sorter.Sorted())
        {
            if (member == before)
            {
                continue;
            }

            for (var at = new RevocationMember(member).BucketOf(bits); bucket < at; bucket++, length = 0)
            {
                octets += End(output, length);
            }

            if (length + Varint.MaximumSize > _bucket.Length)
            {
                Array.Resize(ref _bucket, 2 * _bucket.Length);
            }

            var step = length == 0 ? member & (ulong.MaxValue >> bits) : member - before.GetValueOrDefault() - 1;
            length += Varint.Write(_bucket.AsSpan(length), step);
            before = member;
            count++;
        }

        for (; bucket < 1 << bits; bucket++, length = 0)
        {
            octets += End(output, length);
        }

        return new RevocationSetCommitment(_tree.Root(), bits, count, octets);
    }

    public void Dispose() => _sorter.Dispose();

    private int End(Stream output, int length)
    {
        Span<byte> prefix = stackalloc byte[Varint.MaximumSize];
        var size = Varint.Write(prefix, (ulong)length);
        output.Write(prefix[..size]);
        output.Write(_bucket, 0, length);
        _tree.Append(MerkleTree.HashLeaf(_bucket.AsSpan(0, length)));
        return size + length;
    }
}
