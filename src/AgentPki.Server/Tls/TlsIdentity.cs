using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentPki.Server.Tls;

/// <summary>The certificate that TLS connections see now. Replaced while running; a connection keeps the one it began with.</summary>
/// <remarks>
/// The handshake is where Kestrel spends most of an enrolment's processor time, so: the server's chain is made once, offline; nothing
/// looks up a store or a network; a client's certificate is taken as it comes, for the registration authority checks it itself
/// (chain to its own issuing CAs, validity, live status) on every request.
/// </remarks>
public sealed class TlsIdentity
{
    private volatile Current _current;

    static TlsIdentity() => SessionTickets.TrySwitchOff();

    public TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection intermediates) => _current = Build(certificate, intermediates);

    public X509Certificate2 Certificate => _current.Certificate;

    /// <summary>What a handshake is made with now.</summary>
    internal SslServerAuthenticationOptions Options => _current.Options;

    public void Replace(X509Certificate2 certificate, X509Certificate2Collection intermediates) => _current = Build(certificate, intermediates);

    /// <summary>What Kestrel asks at the start of each connection.</summary>
    public TlsHandshakeCallbackOptions HandshakeOptions(TimeSpan timeout) => new()
    {
        HandshakeTimeout = timeout,
        OnConnection = _ => ValueTask.FromResult(_current.Options),
    };

    private static Current Build(X509Certificate2 certificate, X509Certificate2Collection intermediates) => new(certificate, new SslServerAuthenticationOptions
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, intermediates, offline: true),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        AllowRenegotiation = false,
        // Asked for, not required: cacerts and first enrolments come without one.
        ClientCertificateRequired = true,
#pragma warning disable CA5359 // The registration authority validates the client's certificate itself; see the remarks above.
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = NoLookups(),
    });

    /// <summary>SslStream insists on building a chain for its callback: it gets nothing to search in.</summary>
    private static X509ChainPolicy NoLookups() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };

    private sealed record Current(X509Certificate2 Certificate, SslServerAuthenticationOptions Options);
}
