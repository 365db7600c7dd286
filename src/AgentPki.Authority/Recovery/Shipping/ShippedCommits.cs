using System.Buffers.Binary;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>Commits as a segment holds them: several in a chunk, none in two.</summary>
/// <remarks>For each: the ledger after it (epoch, 8 octets; size, 8; root, 32), the length of its statements (4), the statements; numbers big-endian.</remarks>
internal static class ShippedCommits
{
    private const int HeaderSize = 8 + 8 + MerkleHash.Size + 4;

    public static int SizeOf(RecordedCommit commit) => HeaderSize + commit.Statements.Length;

    public static byte[] Encode(IReadOnlyList<RecordedCommit> commits)
    {
        var octets = new byte[commits.Sum(SizeOf)];
        var left = octets.AsSpan();
        foreach (var commit in commits)
        {
            BinaryPrimitives.WriteInt64BigEndian(left, commit.Head.Epoch);
            BinaryPrimitives.WriteInt64BigEndian(left[8..], commit.Head.Size);
            commit.Head.Root.CopyTo(left[16..]);
            BinaryPrimitives.WriteInt32BigEndian(left[(HeaderSize - 4)..], commit.Statements.Length);
            commit.Statements.Span.CopyTo(left[HeaderSize..]);
            left = left[SizeOf(commit)..];
        }

        return octets;
    }

    /// <exception cref="ArchiveException">It is not what <see cref="Encode"/> writes.</exception>
    public static List<RecordedCommit> Decode(ReadOnlyMemory<byte> chunk, LogId log)
    {
        var commits = new List<RecordedCommit>();
        while (!chunk.IsEmpty)
        {
            var header = chunk.Length >= HeaderSize ? chunk.Span[..HeaderSize] : throw Damaged();
            var length = BinaryPrimitives.ReadInt32BigEndian(header[(HeaderSize - 4)..]);
            if (length < 0 || length > chunk.Length - HeaderSize)
            {
                throw Damaged();
            }

            var head = new LedgerHead(log, BinaryPrimitives.ReadInt64BigEndian(header), BinaryPrimitives.ReadInt64BigEndian(header[8..]), new MerkleHash(header.Slice(16, MerkleHash.Size)));
            commits.Add(new RecordedCommit(head, chunk.Slice(HeaderSize, length).ToArray()));
            chunk = chunk[(HeaderSize + length)..];
        }

        return commits;
    }

    private static ArchiveException Damaged() => new("A chunk of a segment is not made of commits.");
}
