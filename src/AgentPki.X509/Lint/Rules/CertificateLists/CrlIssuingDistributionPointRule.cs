using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>A distribution point says something, is about one kind of certificate at most, and about this CA's own.</summary>
internal sealed class CrlIssuingDistributionPointRule() : CertificateListRule("crl_issuing_distribution_point", LintSeverity.Error, "RFC 5280 §5.2.5")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        if (list.IssuingDistributionPoint is not { } point)
        {
            return null;
        }

        if (point.Indirect || point.OnlySomeReasons is not null)
        {
            return "Indirect CRLs and CRLs of some reasons are not made here.";
        }

        var kinds = (point.OnlyUserCertificates ? 1 : 0) + (point.OnlyAuthorityCertificates ? 1 : 0) + (point.OnlyAttributeCertificates ? 1 : 0);
        return kinds > 1 ? "A CRL is about one kind of certificate only." : kinds == 0 && point.FullName.Count == 0 ? "The distribution point is empty." : null;
    }
}
