namespace AgentPki.Server.Cli;

/// <summary>A standard stream that takes no more loses what is written to it, and remembers why: a service must not end because its log's disk is full.</summary>
internal sealed class LossyStream(Stream inner) : Stream
{
    /// <summary>What went wrong first; null as long as everything was written.</summary>
    public IOException? Failure { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (IOException failure)
        {
            Failure ??= failure;
        }
    }

    public override void Flush()
    {
        try
        {
            inner.Flush();
        }
        catch (IOException failure)
        {
            Failure ??= failure;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
