using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>TLS towards servers that are to prove something: their certificates vouch for nothing here, and nothing that stands in them is fetched.</summary>
internal static class ValidationTls
{
    /// <param name="targetHost">The server name to send; null where the caller's caller sets it.</param>
    public static SslClientAuthenticationOptions Options(string? targetHost) => new()
    {
        TargetHost = targetHost,
        // RFC 8737 §4: TLS 1.2 or later.
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        AllowTlsResume = false,
#pragma warning disable CA5359 // Who the server is does not matter: what counts is what it was made to hold.
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        // The platform builds a chain before it asks: without downloads, or a certificate's own URLs would be a way to any address.
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            VerificationFlags = X509VerificationFlags.AllFlags,
        },
    };

    /// <summary>The innermost reason, as a clause.</summary>
    public static string Reason(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return AcmeText.Shown(exception.Message, 160).TrimEnd('.');
    }
}
