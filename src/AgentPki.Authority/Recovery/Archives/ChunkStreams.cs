using System.Globalization;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>Encrypts what is written to it, chunk by chunk.</summary>
internal sealed class SealingStream(Stream target, ChunkCipher cipher) : SinkStream
{
    private const int ChunkSize = 1 << 16;

    private readonly byte[] _chunk = new byte[ChunkSize];
    private readonly byte[] _frame = new byte[ChunkSize + ChunkCipher.HeaderSize + ChunkCipher.TagSize];
    private int _used;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            if (_used == ChunkSize)
            {
                await SealAsync(isLast: false, cancellationToken);
            }

            var take = Math.Min(buffer.Length, ChunkSize - _used);
            buffer[..take].CopyTo(_chunk.AsMemory(_used));
            (_used, buffer) = (_used + take, buffer[take..]);
        }
    }

    /// <summary>Writes the last chunk. Without it the archive is none.</summary>
    public ValueTask CompleteAsync(CancellationToken cancellationToken) => SealAsync(isLast: true, cancellationToken);

    private async ValueTask SealAsync(bool isLast, CancellationToken cancellationToken)
    {
        var frame = _frame.AsMemory(0, _used + ChunkCipher.HeaderSize + ChunkCipher.TagSize);
        cipher.Seal(_chunk.AsSpan(0, _used), isLast, frame.Span);
        _used = 0;
        await target.WriteAsync(frame, cancellationToken);
    }
}

/// <summary>Decrypts chunk by chunk; gives no octet that was not verified, and no end before the last chunk.</summary>
internal sealed class OpeningStream(Stream source, ChunkCipher cipher) : SourceStream
{
    private byte[] _buffer = new byte[1 << 17];
    private Memory<byte> _left;

    /// <exception cref="ArchiveException">The archive was changed, cut off, or goes on after its end.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (_left.IsEmpty)
        {
            if (cipher.HasEnded)
            {
                return 0;
            }

            OpenNext();
        }

        var take = Math.Min(buffer.Length, _left.Length);
        _left.Span[..take].CopyTo(buffer);
        _left = _left[take..];
        return take;
    }

    private void OpenNext()
    {
        Take(ChunkCipher.HeaderSize);
        var (length, isLast) = cipher.ReadHeader(_buffer);
        var count = length + ChunkCipher.TagSize;
        _buffer = _buffer.Length < count ? new byte[count] : _buffer;
        Take(count);
        _left = cipher.Open(_buffer.AsMemory(0, count), isLast);
        if (isLast && source.ReadByte() >= 0)
        {
            throw new ArchiveException("The archive goes on after its end: something was appended.");
        }
    }

    private void Take(int count)
    {
        if (source.ReadAtLeast(_buffer.AsSpan(0, count), count, throwOnEndOfStream: false) < count)
        {
            throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"The archive ends after chunk {cipher.Count}, before its end: it was cut off."));
        }
    }
}
