using System.Net;
using System.Net.Sockets;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>A web server on 127.0.0.1 for clients that only write files: what lies in the folder is answered under <c>/.well-known/acme-challenge/</c> (RFC 8555 §8.3).</summary>
internal sealed class ChallengeFolder : IAsyncDisposable
{
    private const string Prefix = "/.well-known/acme-challenge/";
    private readonly TcpListener listener;
    private readonly Func<string, string?> answer;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    /// <param name="answer">From a token to what is answered; null: 404.</param>
    public ChallengeFolder(int port, Func<string, string?> answer)
    {
        this.answer = answer;
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        running = ServeAsync();
    }

    /// <summary>Serves the files of a folder, which is made.</summary>
    public static (ChallengeFolder Server, string Path) Of(TempFolder folder, int port)
    {
        var path = Directory.CreateDirectory(folder.File("www")).FullName;
        return (new ChallengeFolder(port, token => File.Exists(Path.Combine(path, token)) ? File.ReadAllText(Path.Combine(path, token)) : null), path);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await running;
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(AnswerAsync(await listener.AcceptTcpClientAsync(stop.Token)));
                connections.RemoveAll(connection => connection.IsCompletedSuccessfully);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }

        await Task.WhenAll(connections);
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await new HttpReader(stream).ReadHeadAsync(stop.Token) is not { } head)
                {
                    return;
                }

                var path = Encoding.Latin1.GetString(head).Split(' ')[1];
                var token = path.StartsWith(Prefix, StringComparison.Ordinal) ? path[Prefix.Length..] : "";
                var body = token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && token.Length > 0 ? answer(token) : null;
                await stream.WriteAsync(Encoding.ASCII.GetBytes(body is null
                    ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    : $"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
            }
        }
    }
}
