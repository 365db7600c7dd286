using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A wildcard is the whole left-most label above a domain of two labels at least. Whose it may be is the profile's business.</summary>
internal sealed class DnsWildcardRule() : CertificateRule("dns_wildcard", LintSeverity.Error, "RFC 9525 §6.3")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is not GeneralName.Dns dns || !dns.Name.Contains('*', StringComparison.Ordinal))
            {
                continue;
            }

            if (DnsNames.CheckWildcard(dns.Name) is { } error)
            {
                return $"'{name}' {error}.";
            }
        }

        return null;
    }
}
