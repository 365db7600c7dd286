using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Distribution points are http URLs of complete CRLs by the issuer itself.</summary>
internal sealed class CrlDistributionPointsRule() : CertificateRule("crl_distribution_points", LintSeverity.Error, "RFC 5280 §4.2.1.13")
{
    public override string? Check(TbsFields certificate, LintContext context) => DistributionPoints.Check(certificate.CrlDistributionPoints);
}
