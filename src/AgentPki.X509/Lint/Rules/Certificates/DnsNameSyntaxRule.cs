using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>DNS names are host names.</summary>
internal sealed class DnsNameSyntaxRule() : CertificateRule("dns_name_syntax", LintSeverity.Error, "RFC 5280 §4.2.1.6, RFC 1034 §3.5")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Dns dns && !dns.Name.Contains('*', StringComparison.Ordinal) && DnsNames.Check(dns.Name) is { } error)
            {
                return $"'{name}' {error}.";
            }
        }

        return null;
    }
}
