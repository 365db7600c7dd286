using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A critical extension that relying parties do not know makes them refuse the certificate.</summary>
internal sealed class CriticalExtensionsKnownRule() : CertificateRule("critical_extensions_known", LintSeverity.Error, "RFC 5280 §4.2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Critical && extension.Oid != context.Understood && extension.Oid is not (Oids.BasicConstraints or Oids.KeyUsage or Oids.ExtendedKeyUsage or Oids.SubjectAlternativeName
                or Oids.NameConstraints or Oids.CertificatePolicies or Oids.PolicyConstraints or Oids.InhibitAnyPolicy))
            {
                return $"Critical extension {extension.Oid} is one that few know, or one that may not be critical.";
            }
        }

        return null;
    }
}
