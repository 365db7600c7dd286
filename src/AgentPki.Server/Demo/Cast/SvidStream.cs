using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Server.Home;
using Grpc.Core;

namespace AgentPki.Server.Demo.Cast;

/// <summary>A stream of <c>FetchX509SVID</c> (SPIFFE Workload API §6.2.1), by HTTP/2 over the Unix socket: gRPC is five octets before each message, and trailers at the end.</summary>
internal sealed class SvidStream : IDisposable
{
    private const int MostOctets = 4 << 20;
    private readonly HttpClient _http;
    private readonly HttpResponseMessage _answer;
    private readonly Stream _messages;

    private SvidStream(HttpClient http, HttpResponseMessage answer, Stream messages) => (_http, _answer, _messages) = (http, answer, messages);

    /// <summary>What the appliance said last of why it ended; <see cref="StatusCode.OK"/> while it stands.</summary>
    internal StatusCode Status { get; private set; }

    internal static async Task<SvidStream> OpenAsync(string socket, CancellationToken cancellationToken)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, ending) => ConnectAsync(socket, ending) })
        {
            BaseAddress = new Uri("http://localhost"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/SpiffeWorkloadAPI/FetchX509SVID", UriKind.Relative)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            request.Headers.Add("workload.spiffe.io", "true");
            request.Content = new ByteArrayContent(new byte[5]); // X509SVIDRequest has no fields
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return new SvidStream(http, answer, await answer.Content.ReadAsStreamAsync(cancellationToken));
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>The next message; null: the stream has ended, and <see cref="Status"/> says why.</summary>
    internal async Task<X509SVIDResponse?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            var head = new byte[5];
            if (await _messages.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) == head.Length
                && BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(1)) is var length and <= MostOctets)
            {
                var message = new byte[length];
                await _messages.ReadExactlyAsync(message, cancellationToken);
                return X509SVIDResponse.Parser.ParseFrom(message);
            }
        }
        catch (IOException)
        {
            Status = StatusCode.Unavailable;
            return null;
        }

        Status = StatusOf(_answer.TrailingHeaders) ?? StatusOf(_answer.Headers) ?? StatusCode.Unknown;
        return null;
    }

    public void Dispose()
    {
        _answer.Dispose();
        _http.Dispose();
    }

    private static StatusCode? StatusOf(HttpHeaders headers) =>
        headers.TryGetValues("grpc-status", out var values) && int.TryParse(values.FirstOrDefault(), CultureInfo.InvariantCulture, out var status) ? (StatusCode)status : null;

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var address = SocketPath.For(path);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.Address), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
