using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Guard;

/// <summary>A connection through a guard that made one request and stays open.</summary>
internal sealed class KeptConnection : IAsyncDisposable
{
    private readonly SslStream _stream;

    private KeptConnection(SslStream stream)
    {
        _stream = stream;
        Ended = EndAsync();
    }

    /// <summary>Completes when the guard ends it.</summary>
    public Task Ended { get; }

    public static async Task<KeptConnection> OpenAsync(GuardProcess guard, EnrolledAgent agent)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, guard.Port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(guard.TlsOptions(agent));
        await stream.WriteAsync("GET /path/x HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[4096];
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(buffer, 0, await stream.ReadAtLeastAsync(buffer, 12)), StringComparison.Ordinal);
        return new KeptConnection(stream);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await Ended;
    }

    private async Task EndAsync()
    {
        try
        {
            var buffer = new byte[4096];
            while (await _stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
