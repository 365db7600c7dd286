using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.Propagation;

/// <summary>One connection that follows the revocation feed and notes when each event has arrived completely. Signatures are not looked at: thousands of these share the machine with the server.</summary>
internal sealed class FeedSubscriber(LoopbackTarget target) : IDisposable
{
    private readonly Socket _socket = new(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 16 * 1024 };
    private readonly byte[] _buffer = new byte[8 * 1024];
    private int _held;

    /// <summary>The last event that arrived, and when (<see cref="Stopwatch"/>).</summary>
    internal (long Sequence, long Timestamp) Last { get; private set; }

    internal string? Fault { get; private set; }

    /// <summary>Connects and waits for the first heartbeat; then goes on by itself.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(target.EndPoint, cancellationToken);
        await _socket.SendAsync(Encoding.ASCII.GetBytes($"GET /revocations/feed HTTP/1.1\r\nHost: {target.Host}\r\nAccept: text/event-stream\r\n\r\n"), cancellationToken);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ReadAsync(ready, cancellationToken);
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(120), cancellationToken);
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync(TaskCompletionSource ready, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                int read = await _socket.ReceiveAsync(_buffer.AsMemory(_held), cancellationToken);
                if (read == 0)
                    throw new IOException("the server ended the stream");
                long now = Stopwatch.GetTimestamp();
                _held += read;
                Take(ready, now);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or LoadException)
        {
            Fault = e.Message;
            ready.TrySetException(new LoadException($"A subscriber was cut: {e.Message}."));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private void Take(TaskCompletionSource ready, long now)
    {
        while (_buffer.AsSpan(0, _held).IndexOf("\n\n"u8) is var end && end >= 0)
        {
            string frame = Encoding.ASCII.GetString(_buffer, 0, end);
            _buffer.AsSpan(end + 2, _held - end - 2).CopyTo(_buffer);
            _held -= end + 2;
            // The answer's head and the chunks' sizes stand between frames; ids and kinds are looked for behind them.
            if (frame.StartsWith("HTTP/", StringComparison.Ordinal) && !frame.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                throw new LoadException(frame[..Math.Min(frame.Length, 60)]);
            int id = frame.LastIndexOf("id: ", StringComparison.Ordinal);
            if (id < 0)
                continue;
            string[] lines = frame[(id + 4)..].Split('\n');
            if (lines.Length < 3 || !lines[2].StartsWith("data: ", StringComparison.Ordinal))
                throw new LoadException("a frame is not id, event, data");
            if (lines[1] == "event: heartbeat")
            {
                ready.TrySetResult();
                continue;
            }

            Last = (long.Parse(lines[0], CultureInfo.InvariantCulture), now);
        }

        if (_held == _buffer.Length)
            throw new LoadException("a frame is longer than 8 KiB");
    }
}
