using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>More than one commonName leaves open who is meant.</summary>
internal sealed class OneCommonNameRule() : CertificateRule("one_common_name", LintSeverity.Warning, "RFC 9525 §2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        Count(certificate.Subject) <= 1 ? null : "The subject has more than one commonName.";

    private static int Count(X500Name name)
    {
        var count = 0;
        foreach (var rdn in name.Rdns)
        {
            foreach (var attribute in rdn)
            {
                count += attribute.Oid == Oids.CommonName ? 1 : 0;
            }
        }

        return count;
    }
}
