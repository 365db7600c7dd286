using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>A complete CRL may say where its delta is, by http URLs; a delta CRL says nothing of the kind.</summary>
internal sealed class CrlFreshestRule() : CertificateListRule("crl_freshest", LintSeverity.Error, "RFC 5280 §5.2.6")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.FreshestPoints.Count > 0 && !list.BaseNumber.IsEmpty ? "A delta CRL has no freshestCRL." : DistributionPoints.Check(list.FreshestPoints);
}
