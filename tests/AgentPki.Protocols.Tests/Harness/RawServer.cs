using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A TCP server on a loopback address that does with each connection what a test says, however wrong that is.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<RawServer, Stream, CancellationToken, Task> _serve;
    private readonly Task _running;

    private RawServer(TcpListener listener, Func<RawServer, Stream, CancellationToken, Task> serve)
    {
        (_listener, _serve) = (listener, serve);
        EndPoint = (IPEndPoint)listener.LocalEndpoint;
        _running = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    public int Port => EndPoint.Port;

    /// <summary>The heads of the HTTP requests that came.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public int Connections { get; private set; }

    /// <summary>Is set when a connection's handler ended, also by the other side's leaving.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static RawServer Start(Func<RawServer, Stream, CancellationToken, Task> serve, string address = "127.0.0.1", int port = 0)
    {
        var listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start();
        return new RawServer(listener, serve);
    }

    /// <summary>An HTTP server: reads a request's head, then sends what the function makes of its target.</summary>
    public static RawServer Http(Func<string, string> respond, string address = "127.0.0.1", int port = 0) => Start(
        async (server, stream, cancellationToken) =>
        {
            var head = await ReadHeadAsync(stream, cancellationToken);
            server.Requests.Enqueue(head);
            if (head.Length > 0)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(respond(head.Split(' ')[1])), cancellationToken);
            }
        },
        address,
        port);

    /// <summary>A whole response.</summary>
    public static string Response(string body, string status = "200 OK", string headers = "") => $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n{body}";

    public static string Redirect(string location, int status = 302) => $"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n";

    public static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var octet = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(octet, cancellationToken) == 1)
        {
            head.Append((char)octet[0]);
        }

        return head.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var connection = await _listener.AcceptTcpClientAsync(_stop.Token);
                Connections++;
                connections.Add(ServeAsync(connection));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            try
            {
                await _serve(this, connection.GetStream(), _stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or System.Security.Authentication.AuthenticationException)
            {
            }

            Left.TrySetResult();
        }
    }
}
