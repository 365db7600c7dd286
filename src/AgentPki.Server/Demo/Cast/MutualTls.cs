using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Demo.Cast;

/// <summary>HTTPS with a certificate of one's own, trusting the appliance's roots and nothing else.</summary>
internal static class MutualTls
{
    internal static HttpClient Client(Uri server, IReadOnlyList<Certificate> anchors, X509Certificate2? identity)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        foreach (var anchor in anchors)
        {
            policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(anchor.Der.Span));
        }

        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificateContext = identity is null ? null : SslStreamCertificateContext.Create(identity, null, offline: true),
            },
        };
        return new HttpClient(handler, disposeHandler: true) { BaseAddress = server, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <exception cref="CommandException">The file holds none.</exception>
    internal static IReadOnlyList<Certificate> Anchors(string file) =>
        Pem.TryReadCertificates(file) ?? throw new CommandException(ExitCodes.Usage, $"{file} holds no certificates.", "Name the appliance's anchors/root.pem.");

    /// <summary>Whether the other side said no; else nobody was there to say it.</summary>
    /// <remarks>A TLS 1.3 client hears that its certificate is not taken when it reads: as an alert, or as the connection's end.</remarks>
    internal static bool IsRefusal(HttpRequestException failure) => failure.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError);
}
