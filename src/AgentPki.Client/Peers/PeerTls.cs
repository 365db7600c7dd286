using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Client.Peers;

/// <summary>
/// TLS whose peers a <see cref="PeerGate"/> lets in: known bad ones are refused within the handshake, and whoever is let in is cut when that ends.
/// </summary>
/// <remarks>The platform builds no chain and looks up nothing: it is given nothing to search in, and its verdict on trust is not used; the gate's own is.</remarks>
public static class PeerTls
{
    /// <summary>Authenticates this side as the server and the peer by its certificate. Disposing the result ends the watch.</summary>
    /// <param name="allowed">SPIFFE IDs of which one must match; empty: whoever the anchors vouch for.</param>
    /// <exception cref="PeerRefusedException">The peer is not let in; the stream is disposed.</exception>
    public static async Task<Peer> AuthenticateAsServerAsync(
        this PeerGate gate, SslStream stream, SslServerAuthenticationOptions options, IReadOnlyList<SpiffeIdPattern> allowed, CancellationToken cancellationToken)
    {
        var handshake = new PeerHandshake(gate, PeerDemand.Client(allowed), checkName: false);
        options.ClientCertificateRequired = true;
        options.RemoteCertificateValidationCallback = handshake.Accepts;
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.CertificateChainPolicy = NoLookups();
        return await handshake.RunAsync(stream, () => stream.AuthenticateAsServerAsync(options, cancellationToken), stream.Dispose, cancellationToken);
    }

    /// <summary>Authenticates the server by its certificate, and this side where the options hold one.</summary>
    /// <param name="server">The SPIFFE IDs it may have; empty: its certificate must be for <see cref="SslClientAuthenticationOptions.TargetHost"/> (RFC 9525).</param>
    /// <exception cref="PeerRefusedException">The peer is not let in; the stream is disposed.</exception>
    public static Task<Peer> AuthenticateAsClientAsync(
        this PeerGate gate, SslStream stream, SslClientAuthenticationOptions options, IReadOnlyList<SpiffeIdPattern> server, CancellationToken cancellationToken) =>
        AuthenticateAsClientAsync(gate, stream, options, server, stream.Dispose, cancellationToken);

    /// <summary>The way to servers for an <see cref="HttpClient"/>; HTTPS only.</summary>
    /// <param name="identity">This side's certificate with its key and its intermediates; null: none is shown.</param>
    /// <param name="server">The SPIFFE IDs that servers may have; empty: their certificates must be for the host of the URL.</param>
    public static HttpMessageHandler CreateHttpHandler(this PeerGate gate, SslStreamCertificateContext? identity = null, params IReadOnlyList<SpiffeIdPattern> server) => new SocketsHttpHandler
    {
        ConnectCallback = new PeerConnector(gate, identity, server).ConnectAsync,
        UseProxy = false,
        AllowAutoRedirect = false,
    };

    /// <summary>What SslStream builds for its callback: nothing to search in, nothing to fetch.</summary>
    public static X509ChainPolicy NoLookups() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags & ~X509VerificationFlags.IgnoreInvalidName, // the name is what the platform is asked about
    };

    internal static Task<Peer> AuthenticateAsClientAsync(
        PeerGate gate, SslStream stream, SslClientAuthenticationOptions options, IReadOnlyList<SpiffeIdPattern> server, Action cut, CancellationToken cancellationToken)
    {
        var handshake = new PeerHandshake(gate, PeerDemand.Server(server), checkName: server.Count == 0);
        options.RemoteCertificateValidationCallback = handshake.Accepts;
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.CertificateChainPolicy = NoLookups();
        return handshake.RunAsync(stream, () => stream.AuthenticateAsClientAsync(options, cancellationToken), cut, cancellationToken);
    }

    /// <summary>The peer's certificate and what it sent along, out of what the platform gives its callback.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> SentAlong(X509Chain? chain) => [.. chain?.ChainPolicy.ExtraStore.Select(c => (ReadOnlyMemory<byte>)c.RawData) ?? []];
}
