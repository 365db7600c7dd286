using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Purposes are ones that the key usages allow.</summary>
internal sealed class ExtendedKeyUsageConsistentRule() : CertificateRule("extended_key_usage_consistent", LintSeverity.Error, "RFC 5280 §4.2.1.12, §4.2.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.ExtendedKeyUsages is not { } purposes || certificate.KeyUsages is not { } usages || context.IsAuthority)
        {
            return null;
        }

        const KeyUsages agreement = KeyUsages.DigitalSignature | KeyUsages.KeyAgreement | KeyUsages.KeyEncipherment;
        if (purposes.Contains(Oids.ServerAuth) && (usages & agreement) == 0)
        {
            return "serverAuth needs digitalSignature, keyEncipherment or keyAgreement.";
        }

        return (purposes.Contains(Oids.ClientAuth) || purposes.Contains(Oids.OcspSigning)) && (usages & (KeyUsages.DigitalSignature | KeyUsages.KeyAgreement)) == 0
            ? "clientAuth and OCSPSigning need digitalSignature."
            : null;
    }
}
