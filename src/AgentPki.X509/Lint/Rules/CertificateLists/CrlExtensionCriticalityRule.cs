using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>issuingDistributionPoint and deltaCRLIndicator are critical, the others are not, and there is no other critical one.</summary>
internal sealed class CrlExtensionCriticalityRule() : CertificateListRule("crl_extension_criticality", LintSeverity.Error, "RFC 5280 §5.2.1, §5.2.3, §5.2.4, §5.2.5")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        foreach (var extension in list.Extensions)
        {
            if (extension.Critical != (extension.Oid is Oids.IssuingDistributionPoint or Oids.DeltaCrlIndicator))
            {
                return extension.Critical ? $"Extension {extension.Oid} must not be critical." : $"Extension {extension.Oid} is critical.";
            }
        }

        return null;
    }
}
