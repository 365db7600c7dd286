namespace AgentPki.Server.Logging;

/// <summary>Standard error, which systemd's journal or a container's runtime keeps.</summary>
public sealed class StandardErrorSink : ILogSink
{
    private readonly Lock _gate = new();
    private readonly Stream _stream = Console.OpenStandardError();

    public void Write(ReadOnlySpan<byte> line, bool urgent)
    {
        lock (_gate)
        {
            try
            {
                _stream.Write(line);
            }
            catch (IOException)
            {
                // The reader has gone; the service goes on.
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
