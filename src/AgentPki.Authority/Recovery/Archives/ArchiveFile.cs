using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>
/// An archive as far as it can be read without its key.
/// </summary>
/// <remarks>
/// <c>agentpki-archive/1</c> and a line feed; the header's length (4 octets, big-endian) and octets; the length and octets of the note that signs it; then the chunks
/// (<see cref="ChunkCipher"/>). Of a backup they are one stream (<see cref="ArchiveContent"/>), of a segment each is a commit.
/// </remarks>
public sealed class ArchiveFile
{
    private readonly byte[] _encodedHeader;

    private ArchiveFile(ArchiveHeader header, byte[] encodedHeader, SignedNote signature, byte[] preamble) =>
        (Header, _encodedHeader, Signature, Preamble) = (header, encodedHeader, signature, preamble);

    public ArchiveHeader Header { get; }

    public SignedNote Signature { get; }

    /// <summary>SHA-256 of everything before the first chunk.</summary>
    internal byte[] Preamble { get; }

    internal static ReadOnlySpan<byte> Magic => "agentpki-archive/1\n"u8;

    /// <summary>Reads up to the first chunk.</summary>
    /// <exception cref="ArchiveException">It is no archive that this build can read.</exception>
    public static async ValueTask<ArchiveFile> ReadAsync(Stream source, CryptoProviders providers, CancellationToken cancellationToken)
    {
        var magic = await TakeAsync(source, Magic.Length, cancellationToken);
        if (!magic.AsSpan().SequenceEqual(Magic))
        {
            throw new ArchiveException("It is no archive of an appliance, or of a newer build than this one.");
        }

        var header = await TakeFieldAsync(source, cancellationToken);
        var note = await TakeFieldAsync(source, cancellationToken);
        if (!ArchiveHeader.TryParse(header, providers, out var parsed, out var problem))
        {
            throw new ArchiveException($"The archive's header cannot be read: {problem}.");
        }

        return SignedNote.TryParse(Encoding.UTF8.GetString(note), out var signature, out var wrong)
            ? new ArchiveFile(parsed, header, signature, Digest(header, note))
            : throw new ArchiveException($"The signature of the archive's header cannot be read: {wrong}.");
    }

    /// <summary>Whether the header is what the holder of that key has signed.</summary>
    /// <exception cref="ArchiveException">It is not.</exception>
    public void RequireSignedBy(PublicKey key, CryptoProviders providers)
    {
        if (!ArchiveSigner.Verify(Signature, Header, _encodedHeader, key, providers))
        {
            throw new ArchiveException("The archive's header is not signed by that ledger key: it was changed, or another appliance made it.");
        }
    }

    /// <summary>Writes what stands before the first chunk and returns its digest.</summary>
    internal static async ValueTask<byte[]> WriteAsync(Stream target, ArchiveHeader header, ArchiveSigner signer, CancellationToken cancellationToken)
    {
        var encoded = header.Encode();
        var note = Encoding.UTF8.GetBytes((await signer.SignAsync(header, encoded, cancellationToken)).ToString());
        using var start = new MemoryStream();
        start.Write(Magic);
        foreach (var field in new[] { encoded, note })
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, field.Length);
            start.Write(length);
            start.Write(field);
        }

        await target.WriteAsync(start.GetBuffer().AsMemory(0, (int)start.Length), cancellationToken);
        return Digest(encoded, note);
    }

    private static byte[] Digest(byte[] header, byte[] note)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Magic);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var field in new[] { header, note })
        {
            BinaryPrimitives.WriteInt32BigEndian(length, field.Length);
            hash.AppendData(length);
            hash.AppendData(field);
        }

        return hash.GetHashAndReset();
    }

    private static async ValueTask<byte[]> TakeFieldAsync(Stream source, CancellationToken cancellationToken)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(await TakeAsync(source, sizeof(int), cancellationToken));
        return length <= ArchiveHeader.MaximumSize ? await TakeAsync(source, (int)length, cancellationToken) : throw new ArchiveException("The archive's header is longer than any: it was changed.");
    }

    private static async ValueTask<byte[]> TakeAsync(Stream source, int count, CancellationToken cancellationToken)
    {
        var octets = new byte[count];
        return await source.ReadAtLeastAsync(octets, count, throwOnEndOfStream: false, cancellationToken) == count
            ? octets
            : throw new ArchiveException("The archive ends within its header: it was cut off, or is none.");
    }
}
