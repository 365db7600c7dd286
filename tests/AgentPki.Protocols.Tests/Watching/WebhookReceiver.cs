using System.Globalization;
using System.Text;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Watching;

/// <summary>A message as it came.</summary>
/// <param name="Headers">By lower-case name.</param>
internal sealed record ReceivedMessage(string RequestLine, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>Somebody who is told: takes each message whole, then does what the test says for its number.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly List<ReceivedMessage> _messages = [];
    private readonly Func<int, Stream, CancellationToken, Task> _answer;
    private readonly RawServer _server;

    public WebhookReceiver(Func<int, Stream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _server = RawServer.Start(ServeAsync);
    }

    /// <summary>Answers message after message with these; the last one goes on.</summary>
    public static WebhookReceiver Answering(params string[] answers) =>
        new((n, stream, token) => stream.WriteAsync(Encoding.Latin1.GetBytes(answers[Math.Min(n, answers.Length - 1)]), token).AsTask());

    public static string Status(int status, string headers = "") => string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n");

    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_server.Port}/hook?key=1"));

    public IReadOnlyList<ReceivedMessage> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(RawServer server, Stream stream, CancellationToken cancellationToken)
    {
        var head = await RawServer.ReadHeadAsync(stream, cancellationToken);
        if (head.Length == 0)
        {
            return;
        }

        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(p => p[0].ToLowerInvariant(), p => p[1], StringComparer.Ordinal);
        var body = new byte[int.Parse(headers["content-length"], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, cancellationToken);
        int number;
        lock (_messages)
        {
            number = _messages.Count;
            _messages.Add(new ReceivedMessage(lines[0], headers, body));
        }

        await _answer(number, stream, cancellationToken);
    }
}
