using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Extensions that MUST be non-critical are.</summary>
internal sealed class ExtensionCriticalityRule() : CertificateRule("extension_criticality", LintSeverity.Error, "RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1, RFC 9608 §2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Critical && extension.Oid is Oids.AuthorityKeyIdentifier or Oids.SubjectKeyIdentifier or Oids.AuthorityInformationAccess
                or Oids.SubjectInformationAccess or Oids.NoRevocationAvailable or Oids.OcspNoCheck or Oids.FreshestCrl)
            {
                return $"Extension {extension.Oid} must not be critical.";
            }
        }

        return null;
    }
}
