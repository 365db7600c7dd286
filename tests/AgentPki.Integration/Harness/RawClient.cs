using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Integration.Harness;

/// <summary>
/// A client that sends exactly the octets it is told to, over TLS or plain TCP, and returns exactly those that came back.
/// It checks the server's certificate against the appliance's anchors and nothing else.
/// </summary>
internal sealed class RawClient(int port, X509Certificate2Collection? anchors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Opens a connection; the caller owns it.</summary>
    public async Task<Stream> ConnectAsync(X509Certificate2? identity = null, SslProtocols protocols = SslProtocols.None, CancellationToken cancellationToken = default)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port, cancellationToken);
        if (anchors is null)
        {
            return tcp.GetStream();
        }

        var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(TlsOptions(anchors, identity, protocols), cancellationToken);
        return tls;
    }

    /// <summary>One request on a connection of its own. Null: the server closed without an answer.</summary>
    public async Task<HttpAnswer?> ExchangeAsync(ReadOnlyMemory<byte> request, X509Certificate2? identity = null, SslProtocols protocols = SslProtocols.None)
    {
        using var timeout = new CancellationTokenSource(Limit);
        await using var stream = await ConnectAsync(identity, protocols, timeout.Token);
        return await ExchangeAsync(stream, request, timeout.Token);
    }

    /// <summary>One request on an open connection.</summary>
    public static async Task<HttpAnswer?> ExchangeAsync(Stream stream, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var reader = new HttpReader(stream);
        try
        {
            await stream.WriteAsync(request, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // A server may answer and close before it has read everything (413, 431): what it said is still to be read.
        }

        try
        {
            return await ReadAnswerAsync(reader, cancellationToken);
        }
        catch (IOException exception) when (exception.InnerException is SocketException)
        {
            return null;
        }
    }

    private static async Task<HttpAnswer?> ReadAnswerAsync(HttpReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadHeadAsync(cancellationToken) is { } head)
        {
            var answer = new HttpAnswer(head, [], []);
            if (answer.Status / 100 == 1)
            {
                continue; // 100 Continue
            }

            var (wire, body) = answer.Status is 204 or 304 ? ([], []) : await reader.ReadBodyAsync(head, untilClose: true, cancellationToken);
            return new HttpAnswer(head, wire, body);
        }

        return null;
    }

    private static SslClientAuthenticationOptions TlsOptions(X509Certificate2Collection anchors, X509Certificate2? identity, SslProtocols protocols)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(anchors);
        return new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocols,
            CertificateChainPolicy = policy,
            ClientCertificateContext = identity is null ? null : SslStreamCertificateContext.Create(identity, null, offline: true),
        };
    }
}
