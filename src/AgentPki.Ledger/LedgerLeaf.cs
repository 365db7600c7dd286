using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger;

/// <summary>
/// One entry as the tree holds it: where it stands, when, what kind, and a commitment to who and what. No personal data.
/// </summary>
/// <remarks>
/// Every leaf names its log and epoch, so that several nodes (a fenced sequencer, or a log for each node under one root) and a
/// restore (a new epoch that cites the old head) need no new format. The binary form has <see cref="EncodedSize"/> octets, all
/// numbers big-endian: version 1 (1), log id (16), epoch (8), index (8), Unix time in milliseconds (8), kind (2), commitment (32).
/// </remarks>
/// <param name="Epoch">From 1; rises by one with each <see cref="LedgerEntryKind.EpochStarted"/> after the first.</param>
/// <param name="Index">Its place in the log, from 0, over all epochs.</param>
/// <param name="TimeMilliseconds">When it was decided, milliseconds since 1970-01-01 UTC.</param>
/// <param name="Commitment">See <see cref="LedgerCommitment"/>.</param>
public sealed record LedgerLeaf(LogId LogId, long Epoch, long Index, long TimeMilliseconds, LedgerEntryKind Kind, MerkleHash Commitment)
{
    /// <summary>The only version of the format so far.</summary>
    public const byte Version = 1;

    /// <summary>Octets of the binary form.</summary>
    public const int EncodedSize = HeaderSize + MerkleHash.Size;

    /// <summary>Octets of the binary form before the commitment; what the commitment covers besides the details.</summary>
    internal const int HeaderSize = 1 + LogId.Size + 8 + 8 + 8 + 2;

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMilliseconds);

    public byte[] Encode()
    {
        var encoded = new byte[EncodedSize];
        Encode(encoded);
        return encoded;
    }

    /// <summary>Reads the binary form; false when the length or the version is another.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out LedgerLeaf? leaf)
    {
        leaf = null;
        if (encoded.Length != EncodedSize || encoded[0] != Version)
        {
            return false;
        }

        var fields = encoded[(1 + LogId.Size)..];
        leaf = new LedgerLeaf(
            LogId.FromBytes(encoded.Slice(1, LogId.Size)),
            BinaryPrimitives.ReadInt64BigEndian(fields),
            BinaryPrimitives.ReadInt64BigEndian(fields[8..]),
            BinaryPrimitives.ReadInt64BigEndian(fields[16..]),
            (LedgerEntryKind)BinaryPrimitives.ReadUInt16BigEndian(fields[24..]),
            new MerkleHash(encoded[HeaderSize..]));
        return true;
    }

    /// <summary>The leaf's hash in the tree (RFC 9162 §2.1.1).</summary>
    public MerkleHash Hash()
    {
        Span<byte> encoded = stackalloc byte[EncodedSize];
        Encode(encoded);
        return MerkleTree.HashLeaf(encoded);
    }

    private void Encode(Span<byte> destination)
    {
        EncodeHeader(destination, LogId, Epoch, Index, TimeMilliseconds, Kind);
        Commitment.CopyTo(destination[HeaderSize..]);
    }

    internal static void EncodeHeader(Span<byte> destination, LogId logId, long epoch, long index, long timeMilliseconds, LedgerEntryKind kind)
    {
        destination[0] = Version;
        logId.CopyTo(destination[1..]);
        var fields = destination[(1 + LogId.Size)..];
        BinaryPrimitives.WriteInt64BigEndian(fields, epoch);
        BinaryPrimitives.WriteInt64BigEndian(fields[8..], index);
        BinaryPrimitives.WriteInt64BigEndian(fields[16..], timeMilliseconds);
        BinaryPrimitives.WriteUInt16BigEndian(fields[24..], (ushort)kind);
    }
}
