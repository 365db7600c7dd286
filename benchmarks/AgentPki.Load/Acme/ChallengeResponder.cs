using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentPki.Load.Acme;

/// <summary>Answers http-01 (RFC 8555 §8.3) for every name that the generator orders: one connection, one answer.</summary>
internal sealed class ChallengeResponder : IDisposable
{
    private const string Path = "GET /.well-known/acme-challenge/";
    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<string, byte[]> _answers = new(StringComparer.Ordinal);

    internal ChallengeResponder(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start(512);
        _ = AcceptAsync();
    }

    internal void Expect(string token, string keyAuthorization) => _answers[token] = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {keyAuthorization.Length}\r\nConnection: close\r\n\r\n{keyAuthorization}");

    internal void Forget(string token) => _answers.TryRemove(token, out _);

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Over.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                byte[] buffer = new byte[2048];
                int filled = 0;
                while (buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) < 0 && filled < buffer.Length)
                {
                    int got = await socket.ReceiveAsync(buffer.AsMemory(filled));
                    if (got == 0)
                        return;
                    filled += got;
                }

                string line = Encoding.ASCII.GetString(buffer, 0, Math.Max(0, buffer.AsSpan(0, filled).IndexOf("\r\n"u8)));
                string token = line.StartsWith(Path, StringComparison.Ordinal) ? line[Path.Length..line.LastIndexOf(' ')] : "";
                await socket.SendAsync(_answers.TryGetValue(token, out byte[]? answer) ? answer : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The server went away: its answer says so.
            }
        }
    }
}
