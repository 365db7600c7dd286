using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Verification;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Est;

/// <summary>
/// Judges the server's TLS certificate: the platform where it can, and <see cref="ChainVerifier"/> where the anchors have keys that the platform's OpenSSL may
/// not know (ML-DSA, SLH-DSA before 3.5; composites). The anchors are the same, and the name was checked by the platform in either case (RFC 9525).
/// </summary>
internal sealed class ServerTrust
{
    private readonly IReadOnlyList<Certificate> _anchors;
    private readonly ChainVerifier _verifier;

    internal ServerTrust(IReadOnlyList<Certificate> anchors, TimeProvider clock)
    {
        _anchors = anchors;
        _verifier = new ChainVerifier(anchors, SoftwareVerifiers.Create(), clock);
    }

    internal bool Accepts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null || !_anchors.Any(a => a.PublicKey.Algorithm.IsQuantumSafe) ||
            !Certificate.TryParse(certificate.GetRawCertData(), out var leaf, out _))
        {
            return false;
        }

        var sent = new List<Certificate>();
        foreach (var other in chain?.ChainPolicy.ExtraStore ?? [])
        {
            if (Certificate.TryParse(other.RawData, out var parsed, out _))
            {
                sent.Add(parsed);
            }
        }

        return _verifier.Verify(leaf, sent, Oids.ServerAuth) is ChainResult.Valid;
    }
}
