using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Whoever names a delta CRL names the complete one too, both by http URLs.</summary>
internal sealed class FreshestCrlRule() : CertificateRule("freshest_crl", LintSeverity.Error, "RFC 5280 §4.2.1.15")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.FreshestPoints.Count > 0 && certificate.CrlDistributionPoints.Count == 0
            ? "A delta CRL without a CRL distribution point for the complete one."
            : DistributionPoints.Check(certificate.FreshestPoints);
}
