using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A CA signs certificates and CRLs and nothing that is data; nobody else signs either.</summary>
internal sealed class KeyUsageOfPositionRule() : CertificateRule("key_usage_of_position", LintSeverity.Error, "RFC 5280 §4.2.1.3, §4.2.1.9")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.KeyUsages is not { } usages)
        {
            return null;
        }

        const KeyUsages signing = KeyUsages.KeyCertSign | KeyUsages.CrlSign;
        if (!context.IsAuthority)
        {
            return (usages & signing) == 0 ? null : "keyCertSign and cRLSign are a CA's.";
        }

        return (usages & signing) == signing && (usages & ~(signing | KeyUsages.DigitalSignature)) == 0 ? null : $"A CA has keyCertSign and cRLSign (and at most digitalSignature), not {usages}.";
    }
}
