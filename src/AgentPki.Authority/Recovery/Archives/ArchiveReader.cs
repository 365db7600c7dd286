using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>Reads an archive of files, and believes nothing of it that was not verified: chunks, digests, manifest.</summary>
public static class ArchiveReader
{
    private const int LargestManifest = 1 << 26;

    /// <summary>Reads all of it, in memory that does not grow with it.</summary>
    /// <param name="source">Behind the header, where <see cref="ArchiveFile.ReadAsync"/> has left it.</param>
    /// <param name="take">Given each file's name and content in order; what it leaves unread is read and verified all the same.</param>
    /// <exception cref="ArchiveException">It was changed, cut off, or is of another format. Files that were given before may be right; the archive is not.</exception>
    public static async Task<IReadOnlyList<ArchivedFile>> ReadAsync(Stream source, ArchiveFile file, ArchiveKey key, Func<string, Stream, CancellationToken, Task> take, CancellationToken cancellationToken)
    {
        using var cipher = new ChunkCipher(key, file.Preamble);
        await using var content = new OpeningStream(source, cipher);
        var seen = new List<ArchivedFile>();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (content.ReadByte())
            {
                case ArchiveContent.FileTag:
                    seen.Add(await ReadFileAsync(content, take, cancellationToken));
                    break;
                case ArchiveContent.ManifestTag:
                    RequireSame(ReadManifest(content), seen);
                    return content.ReadByte() < 0 ? seen : throw new ArchiveException("The archive's content goes on after its manifest.");
                default:
                    throw new ArchiveException("The archive's content is of a format that this build does not know.");
            }
        }
    }

    private static async Task<ArchivedFile> ReadFileAsync(OpeningStream content, Func<string, Stream, CancellationToken, Task> take, CancellationToken cancellationToken)
    {
        var length = Take(content, new byte[sizeof(ushort)]);
        var name = Encoding.UTF8.GetString(Take(content, new byte[BinaryPrimitives.ReadUInt16BigEndian(length)]));
        if (!ArchiveContent.IsSafe(name))
        {
            throw new ArchiveException("The archive has a file whose name leads out of the home.");
        }

        using var file = new EntryStream(content);
        await take(name, file, cancellationToken);
        var digest = file.Finish();
        return CryptographicOperations.FixedTimeEquals(digest, Take(content, new byte[SHA256.HashSizeInBytes]))
            ? new ArchivedFile(name, file.Read64, Convert.ToHexStringLower(digest))
            : throw new ArchiveException($"The file {name} in the archive has not the digest that was written with it.");
    }

    private static List<ArchivedFile> ReadManifest(OpeningStream content)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(Take(content, new byte[sizeof(uint)]));
        if (length > LargestManifest)
        {
            throw new ArchiveException("The archive's manifest is longer than any.");
        }

        try
        {
            return JsonSerializer.Deserialize(Take(content, new byte[length]), ManifestJson.Default.ListArchivedFile) ?? [];
        }
        catch (JsonException error)
        {
            throw new ArchiveException("The archive's manifest cannot be read.", error);
        }
    }

    private static void RequireSame(List<ArchivedFile> manifest, List<ArchivedFile> seen)
    {
        if (!manifest.SequenceEqual(seen))
        {
            throw new ArchiveException("The archive's files are not those of its manifest.");
        }
    }

    private static byte[] Take(Stream content, byte[] octets) =>
        content.ReadAtLeast(octets, octets.Length, throwOnEndOfStream: false) == octets.Length ? octets : throw new ArchiveException("The archive's content ends too early.");

    private sealed class EntryStream(Stream content) : SourceStream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _length = new byte[sizeof(uint)];
        private uint _left;
        private bool _hasEnded;

        public long Read64 { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            if (_left == 0 && !_hasEnded)
            {
                _left = BinaryPrimitives.ReadUInt32BigEndian(Take(content, _length));
                _hasEnded = _left == 0;
            }

            if (_hasEnded || buffer.IsEmpty)
            {
                return 0;
            }

            var read = content.Read(buffer[..(int)Math.Min((uint)buffer.Length, _left)]);
            if (read == 0)
            {
                throw new ArchiveException("The archive's content ends too early.");
            }

            _hash.AppendData(buffer[..read]);
            (_left, Read64) = (_left - (uint)read, Read64 + read);
            return read;
        }

        public byte[] Finish()
        {
            Span<byte> rest = stackalloc byte[4096];
            while (Read(rest) > 0)
            {
            }

            return _hash.GetHashAndReset();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
