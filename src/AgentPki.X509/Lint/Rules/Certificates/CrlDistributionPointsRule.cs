using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Distribution points are http URLs of complete CRLs by the issuer itself.</summary>
internal sealed class CrlDistributionPointsRule() : CertificateRule("crl_distribution_points", LintSeverity.Error, "RFC 5280 §4.2.1.13")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var point in certificate.CrlDistributionPoints)
        {
            if (point.FullName.Count == 0 || point.Reasons is not null || point.HasCrlIssuer)
            {
                return "A distribution point has a full name, and neither reasons nor a CRL issuer.";
            }

            foreach (var name in point.FullName)
            {
                if (name is not GeneralName.Uri uri || !HttpUrls.IsHttp(uri.Value))
                {
                    return $"'{name}' is not an http URL.";
                }
            }
        }

        return null;
    }
}
