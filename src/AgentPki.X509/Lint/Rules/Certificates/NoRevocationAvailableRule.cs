using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Who says that there is no revocation information names none, and is no CA.</summary>
internal sealed class NoRevocationAvailableRule() : CertificateRule("no_revocation_available", LintSeverity.Error, "RFC 9608 §3")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.Find(Oids.NoRevocationAvailable) is null)
        {
            return null;
        }

        if (context.IsAuthority || certificate.BasicConstraints is { IsCertificateAuthority: true })
        {
            return "noRevAvail is not for a CA.";
        }

        if (certificate.CrlDistributionPoints.Count > 0 || certificate.Find(Oids.FreshestCrl) is not null)
        {
            return "noRevAvail beside a CRL distribution point.";
        }

        foreach (var access in certificate.AuthorityInformationAccess)
        {
            if (access.Method == Oids.AccessMethodOcsp)
            {
                return "noRevAvail beside an OCSP location.";
            }
        }

        return null;
    }
}
