using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Whoever checks finds out whether it is revoked, or that nobody will say.</summary>
internal sealed class RevocationInformationRule() : CertificateRule("revocation_information", LintSeverity.Warning, "RFC 5280 §4.2.1.13, RFC 9608 §1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.Position is CertificatePosition.Root or CertificatePosition.OcspResponder || certificate.CrlDistributionPoints.Count > 0
            || certificate.Find(Oids.NoRevocationAvailable) is not null)
        {
            return null;
        }

        foreach (var access in certificate.AuthorityInformationAccess)
        {
            if (access.Method == Oids.AccessMethodOcsp)
            {
                return null;
            }
        }

        return "There is neither a CRL distribution point, nor an OCSP location, nor noRevAvail.";
    }
}
