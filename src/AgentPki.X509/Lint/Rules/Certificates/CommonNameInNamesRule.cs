using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A commonName that is a host name or an address is also a subject alternative name, because that is what is checked.</summary>
internal sealed class CommonNameInNamesRule() : CertificateRule("common_name_in_names", LintSeverity.Error, "RFC 9525 §2, CA/B BR §7.1.4.2.2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.IsAuthority || certificate.Subject.CommonName is not { } commonName || !DnsNames.LooksLikeHost(commonName))
        {
            return null;
        }

        foreach (var name in certificate.SubjectAlternativeNames)
        {
            var text = name switch
            {
                GeneralName.Dns dns => dns.Name,
                GeneralName.Ip ip => ip.Address.ToString(),
                _ => null,
            };
            if (string.Equals(text, commonName, StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }
        }

        return "The commonName is a host name that is not among the subject alternative names.";
    }
}
