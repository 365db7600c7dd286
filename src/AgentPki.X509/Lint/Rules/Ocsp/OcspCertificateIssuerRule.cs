using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>Good and revoked are said of this CA's certificates only.</summary>
internal sealed class OcspCertificateIssuerRule() : OcspResponseRule("ocsp_certificate_issuer", LintSeverity.Error, "RFC 6960 §4.1.1")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        foreach (var single in response.Responses)
        {
            if (single.Status is not OcspCertificateStatus.Unknown && !single.Certificate.IsIssuedBy(context.Issuer))
            {
                return "A status other than unknown for another issuer's certificate.";
            }
        }

        return null;
    }
}
