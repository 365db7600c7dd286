using AgentPki.X509.CertificateLists;
using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>A reason is one that means something, and the revocation does not lie in the future.</summary>
internal sealed class OcspReasonRule() : OcspResponseRule("ocsp_reason", LintSeverity.Error, "RFC 5280 §5.3.1, RFC 6960 §4.4.2")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        foreach (var single in response.Responses)
        {
            if (single.Status is not OcspCertificateStatus.Revoked revoked)
            {
                continue;
            }

            if (revoked.Reason is CrlReason.Unspecified or CrlReason.RemoveFromCrl)
            {
                return $"Reason {revoked.Reason} is not written.";
            }

            if (revoked.Time > single.ThisUpdate)
            {
                return "Revoked after thisUpdate.";
            }
        }

        return null;
    }
}
