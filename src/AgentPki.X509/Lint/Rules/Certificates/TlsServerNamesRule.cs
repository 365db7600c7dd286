using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A TLS server has a DNS name or an address to be checked against.</summary>
internal sealed class TlsServerNamesRule() : CertificateRule("tls_server_names", LintSeverity.Error, "RFC 9525 §3")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.Position != CertificatePosition.TlsServer)
        {
            return null;
        }

        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Dns or GeneralName.Ip)
            {
                return null;
            }
        }

        return "A TLS server has a DNS name or an address.";
    }
}
