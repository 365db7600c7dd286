using System.Net.Security;
using System.Net.Sockets;

namespace AgentPki.Client.Peers;

/// <summary>Connects an <see cref="SocketsHttpHandler"/>, which takes a stream that is TLS already as it is.</summary>
internal sealed class PeerConnector(PeerGate gate, SslStreamCertificateContext? identity, IReadOnlyList<SpiffeIdPattern> server)
{
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (context.InitialRequestMessage.RequestUri?.Scheme != Uri.UriSchemeHttps)
        {
            throw new HttpRequestException("Only https:// servers can be authenticated; change the URL, or use another HttpClient.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            var stream = new PeerStream(new NetworkStream(socket, ownsSocket: true));
            stream.Peer = await PeerTls.AuthenticateAsClientAsync(
                gate,
                stream,
                new SslClientAuthenticationOptions
                {
                    TargetHost = context.InitialRequestMessage.Headers.Host?.Split(':')[0] ?? context.DnsEndPoint.Host,
                    ClientCertificateContext = identity,
                    ApplicationProtocols = context.InitialRequestMessage.Version.Major >= 2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http11],
                },
                server,
                socket.Dispose,
                cancellationToken);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The watch over the server ends with the connection to it.</summary>
    private sealed class PeerStream(Stream inner) : SslStream(inner, leaveInnerStreamOpen: false)
    {
        public Peer? Peer { get; set; }

        public override async ValueTask DisposeAsync()
        {
            Peer?.Dispose();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            Peer?.Dispose();
            base.Dispose(disposing);
        }
    }
}
