using AgentPki.Authority.Recovery.Archives;

namespace AgentPki.Authority.Recovery;

/// <summary>
/// Writes a long file to the disk as it goes. One flush at its end would have a gigabyte of it written at once, and every commit's own flush, to the same disk,
/// would wait for that.
/// </summary>
internal sealed class SteadyFileStream(FileStream file) : SinkStream
{
    private const int FlushEvery = 16 << 20;

    private int _unflushed;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await file.WriteAsync(buffer, cancellationToken);
        _unflushed += buffer.Length;
        if (_unflushed >= FlushEvery)
        {
            FlushToDisk();
        }
    }

    /// <summary>Everything that was written is on the disk when it returns.</summary>
    public void FlushToDisk()
    {
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        _unflushed = 0;
    }
}
