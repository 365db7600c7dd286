using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>
/// An OCSP responder signs responses and does nothing else, and so for a signer of the revocation feed, one of access tokens, and for an administrator, who is a TLS client; a TLS server has serverAuth, a signer of CMC answers cmcRA or cmcCA; nobody else
/// has the purposes of the first three.
/// </summary>
internal sealed class ExtendedKeyUsageOfPositionRule() : CertificateRule("extended_key_usage_of_position", LintSeverity.Error, "RFC 6960 §4.2.2.2, RFC 6402 §2.10, RFC 5280 §4.2.1.12")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.IsAuthority || certificate.ExtendedKeyUsages is not { } purposes)
        {
            return null;
        }

        return context.Position switch
        {
            CertificatePosition.OcspResponder => purposes is [Oids.OcspSigning] ? null : "An OCSP responder has OCSPSigning and nothing else.",
            CertificatePosition.TlsServer when !purposes.Contains(Oids.ServerAuth) => "A TLS server has serverAuth.",
            CertificatePosition.CmsSigner when !purposes.Contains(Oids.CmcRa) && !purposes.Contains(Oids.CmcCa) => "A signer of CMC answers has cmcRA or cmcCA.",
            CertificatePosition.TimeStamping => purposes is [Oids.TimeStamping] && certificate.Find(Oids.ExtendedKeyUsage) is { Critical: true } ? null : "A time-stamping unit has timeStamping and nothing else, critical (RFC 3161 §2.3).",
            CertificatePosition.RevocationFeed => purposes is [Oids.RevocationFeed] ? null : "A signer of the revocation feed has that purpose and nothing else.",
            CertificatePosition.AccessTokens => purposes is [Oids.AccessTokens] ? null : "A signer of access tokens has that purpose and nothing else.",
            CertificatePosition.Administrator => purposes is [Oids.ClientAuth] ? null : "An administrator's certificate has clientAuth and nothing else.",
            _ => purposes.Contains(Oids.OcspSigning) ? "OCSPSigning is for OCSP responders alone."
                : purposes.Contains(Oids.RevocationFeed) ? "The purpose of the revocation feed is for its signers alone."
                : purposes.Contains(Oids.AccessTokens) ? "The purpose of access tokens is for their signers alone."
                : null,
        };
    }
}
