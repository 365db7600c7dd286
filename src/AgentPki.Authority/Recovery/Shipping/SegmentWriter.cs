using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>Appends commits to a segment, each time flushed. What a failed write left at its end is written over by the next try.</summary>
internal sealed class SegmentWriter : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly ChunkCipher _cipher;
    private readonly ArchiveKey _key;
    private byte[]? _unwritten;
    private long _length;

    private SegmentWriter(FileStream file, ArchiveKey key, ChunkCipher cipher) => (_file, _key, _cipher, _length) = (file, key, cipher, file.Length);

    /// <summary>Octets written and flushed.</summary>
    public long Length => _length;

    /// <exception cref="IOException">The target takes it not.</exception>
    public static async ValueTask<SegmentWriter> CreateAsync(string path, ArchiveHeader header, ArchiveKey key, ArchiveSigner signer, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous });
        try
        {
            var preamble = await ArchiveFile.WriteAsync(file, header, signer, cancellationToken);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            return new SegmentWriter(file, key, new ChunkCipher(key, preamble));
        }
        catch
        {
            await file.DisposeAsync();
            key.Dispose();
            throw;
        }
    }

    /// <summary>Seals commits into the next chunk; <see cref="WriteAsync"/> writes it.</summary>
    /// <exception cref="InvalidOperationException">The last one is not written yet.</exception>
    public void Seal(IReadOnlyList<RecordedCommit> commits)
    {
        if (_unwritten is not null)
        {
            throw new InvalidOperationException("The chunk before is not written yet.");
        }

        var chunk = ShippedCommits.Encode(commits);
        _unwritten = new byte[chunk.Length + ChunkCipher.HeaderSize + ChunkCipher.TagSize];
        _cipher.Seal(chunk, isLast: false, _unwritten);
    }

    /// <summary>Writes what was sealed, and returns when it is on the target's disk. After a failure: call it again.</summary>
    /// <exception cref="IOException">The target takes it not now.</exception>
    public async ValueTask WriteAsync(CancellationToken cancellationToken)
    {
        if (_unwritten is not { } frame)
        {
            return;
        }

        _file.Position = _length;
        await _file.WriteAsync(frame, cancellationToken);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        (_length, _unwritten) = (_length + frame.Length, null);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _file.DisposeAsync();
        }
        catch (IOException)
        {
            // What was flushed is there.
        }

        _cipher.Dispose();
        _key.Dispose();
    }
}
