using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>
/// Chunks under AES-256-GCM, each bound to its place: the nonce is its number and whether it is the last (the STREAM construction), the additional data the digest of
/// everything before the first. Swapped, left out, repeated, spliced in from another archive, or followed by something after the last: it does not open.
/// </summary>
/// <remarks>A frame: four octets, big-endian, length of the chunk, the highest bit set on the last; the chunk; the tag of 16 octets. One key encrypts one archive.</remarks>
internal sealed class ChunkCipher(ArchiveKey key, byte[] preamble) : IDisposable
{
    public const int HeaderSize = 4;
    public const int TagSize = 16;

    /// <summary>Octets of the largest chunk.</summary>
    public const int Largest = 1 << 26;

    private const uint LastFlag = 1U << 31;

    private readonly AesGcm _cipher = new(key.Content, TagSize);

    /// <summary>Chunks so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the last one was among them.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Writes the next frame; <paramref name="frame"/> is <see cref="HeaderSize"/> + <see cref="TagSize"/> longer than the chunk.</summary>
    public void Seal(ReadOnlySpan<byte> chunk, bool isLast, Span<byte> frame)
    {
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)chunk.Length | (isLast ? LastFlag : 0));
        _cipher.Encrypt(Nonce(isLast), chunk, frame.Slice(HeaderSize, chunk.Length), frame[(HeaderSize + chunk.Length)..], preamble);
        (Count, HasEnded) = (Count + 1, isLast);
    }

    /// <summary>Opens the next frame in place.</summary>
    /// <param name="sealedChunk">Chunk and tag.</param>
    /// <exception cref="ArchiveException">It is not what was written at this place.</exception>
    public Memory<byte> Open(Memory<byte> sealedChunk, bool isLast)
    {
        var chunk = sealedChunk[..^TagSize];
        try
        {
            _cipher.Decrypt(Nonce(isLast), chunk.Span, sealedChunk.Span[^TagSize..], chunk.Span, preamble);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"Chunk {Count + 1} is not what was written there: the archive was changed, or put together from pieces."));
        }

        (Count, HasEnded) = (Count + 1, isLast);
        return chunk;
    }

    /// <summary>Reads a frame's first octets.</summary>
    /// <exception cref="ArchiveException">No chunk is so long.</exception>
    public (int Length, bool IsLast) ReadHeader(ReadOnlySpan<byte> header)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(header);
        var length = value & ~LastFlag;
        return length <= Largest
            ? ((int)length, (value & LastFlag) != 0)
            : throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"Chunk {Count + 1} claims {length} octets: the archive was changed."));
    }

    public void Dispose() => _cipher.Dispose();

    private byte[] Nonce(bool isLast)
    {
        var nonce = new byte[12];
        nonce[0] = isLast ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(4), Count);
        return nonce;
    }
}
