using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>A file of an archive.</summary>
/// <param name="Name">Its path below the home, with slashes; <see cref="ArchiveContent.Database"/> is the database.</param>
/// <param name="Sha256">Hexadecimal.</param>
public sealed record ArchivedFile(string Name, long Length, string Sha256);

/// <summary>
/// The files of an archive as one stream.
/// </summary>
/// <remarks>For each: the octet <c>F</c>, the length of its name (2 octets, big-endian) and the name; blocks (length, 4 octets, and octets) up to one of no length; its SHA-256. At the end <c>M</c> and a block with the manifest (JSON).</remarks>
public static class ArchiveContent
{
    /// <summary>The database's entry: a snapshot in the store's own encoding.</summary>
    public const string Database = "database.tables";

    internal const byte FileTag = (byte)'F';
    internal const byte ManifestTag = (byte)'M';

    /// <summary>Whether a name stays below the folder it is put into: no root, no way up, no control characters.</summary>
    public static bool IsSafe(string name) =>
        name.Length is > 0 and <= 1024 && !name.Any(char.IsControl) && !name.Contains('\\', StringComparison.Ordinal) && name.Split('/').All(part => part is not ("" or "." or ".."));
}

/// <summary>Writes an archive of files.</summary>
public sealed class ArchiveWriter : IDisposable
{
    private readonly ChunkCipher _cipher;
    private readonly SealingStream _stream;
    private readonly List<ArchivedFile> _files = [];

    private ArchiveWriter(ChunkCipher cipher, Stream target) => (_cipher, _stream) = (cipher, new SealingStream(target, cipher));

    public IReadOnlyList<ArchivedFile> Files => _files;

    /// <summary>Begins an archive.</summary>
    /// <exception cref="Cryptography.KeyUnavailableException">The ledger's key cannot sign now.</exception>
    public static async ValueTask<ArchiveWriter> CreateAsync(Stream target, ArchiveHeader header, ArchiveKey key, ArchiveSigner signer, CancellationToken cancellationToken) =>
        new(new ChunkCipher(key, await ArchiveFile.WriteAsync(target, header, signer, cancellationToken)), target);

    /// <summary>Adds a file whose content somebody writes.</summary>
    public async Task AddAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        if (!ArchiveContent.IsSafe(name) || _files.Exists(f => f.Name == name))
        {
            throw new ArgumentException($"'{name}' cannot be the name of a file in an archive, or is there already.", nameof(name));
        }

        var encoded = Encoding.UTF8.GetBytes(name);
        var start = new byte[1 + sizeof(ushort) + encoded.Length];
        start[0] = ArchiveContent.FileTag;
        BinaryPrimitives.WriteUInt16BigEndian(start.AsSpan(1), (ushort)encoded.Length);
        encoded.CopyTo(start, 1 + sizeof(ushort));
        await _stream.WriteAsync(start, cancellationToken);
        await using var file = new EntryStream(_stream);
        await write(file, cancellationToken);
        var digest = await file.EndAsync(cancellationToken);
        _files.Add(new ArchivedFile(name, file.Written, Convert.ToHexStringLower(digest)));
    }

    public Task AddAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AddAsync(name, async (file, token) => await file.WriteAsync(content, token), cancellationToken);

    /// <summary>Ends the archive. Without it, it is none.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        var manifest = JsonSerializer.SerializeToUtf8Bytes(_files, ManifestJson.Default.ListArchivedFile);
        var start = new byte[1 + sizeof(uint)];
        start[0] = ArchiveContent.ManifestTag;
        BinaryPrimitives.WriteUInt32BigEndian(start.AsSpan(1), (uint)manifest.Length);
        await _stream.WriteAsync(start, cancellationToken);
        await _stream.WriteAsync(manifest, cancellationToken);
        await _stream.CompleteAsync(cancellationToken);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _cipher.Dispose();
    }

    private sealed class EntryStream(SealingStream target) : SinkStream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _length = new byte[sizeof(uint)];

        public long Written { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty)
            {
                return;
            }

            BinaryPrimitives.WriteUInt32BigEndian(_length, (uint)buffer.Length);
            _hash.AppendData(buffer.Span);
            Written += buffer.Length;
            await target.WriteAsync(_length, cancellationToken);
            await target.WriteAsync(buffer, cancellationToken);
        }

        public async ValueTask<byte[]> EndAsync(CancellationToken cancellationToken)
        {
            var digest = _hash.GetHashAndReset();
            await target.WriteAsync(new byte[sizeof(uint)], cancellationToken);
            await target.WriteAsync(digest, cancellationToken);
            return digest;
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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(List<ArchivedFile>))]
internal sealed partial class ManifestJson : JsonSerializerContext;
