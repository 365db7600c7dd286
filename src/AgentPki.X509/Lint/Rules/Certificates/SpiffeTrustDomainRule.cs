using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A SPIFFE ID is of the trust domain this CA speaks for.</summary>
internal sealed class SpiffeTrustDomainRule() : CertificateRule("spiffe_trust_domain", LintSeverity.Error, "SPIFFE-ID §2.1, profile")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.TrustDomain is not { } trustDomain)
        {
            return null;
        }

        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Uri uri && SpiffeId.TryParse(uri.Value, out var id) && id.TrustDomain != trustDomain)
            {
                return $"'{id}' is not of trust domain '{trustDomain}'.";
            }
        }

        return null;
    }
}
