using AgentPki.X509.CertificateLists;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The distribution point's names are http URLs, the same as in the certificates.</summary>
internal sealed class CrlDistributionPointNamesRule() : CertificateListRule("crl_distribution_point_names", LintSeverity.Error, "RFC 5280 §5.2.5, §4.2.1.13")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        foreach (var name in list.IssuingDistributionPoint?.FullName ?? [])
        {
            if (name is not GeneralName.Uri uri || !HttpUrls.IsHttp(uri.Value))
            {
                return $"'{name}' is not an http URL.";
            }
        }

        return null;
    }
}
