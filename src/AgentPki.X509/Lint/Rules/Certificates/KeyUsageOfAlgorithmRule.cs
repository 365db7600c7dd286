using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Usages are ones that the key's algorithm can serve.</summary>
internal sealed class KeyUsageOfAlgorithmRule() : CertificateRule("key_usage_of_algorithm", LintSeverity.Error, "RFC 8813 §3, RFC 9295 §3, RFC 3279 §2.3.1, RFC 9881 §5, RFC 9909 §6, RFC 9935 §5")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.KeyUsages is not { } usages || certificate.PublicKey is not { } key)
        {
            return null;
        }

        const KeyUsages signatures = KeyUsages.DigitalSignature | KeyUsages.NonRepudiation | KeyUsages.KeyCertSign | KeyUsages.CrlSign;
        var allowed = key.Algorithm.Family switch
        {
            AlgorithmFamily.Ecdsa => signatures | KeyUsages.KeyAgreement | KeyUsages.EncipherOnly | KeyUsages.DecipherOnly,
            AlgorithmFamily.Rsa => signatures | KeyUsages.KeyEncipherment | KeyUsages.DataEncipherment,
            AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.Composite => signatures,
            AlgorithmFamily.MlKem => KeyUsages.KeyEncipherment,
        };
        return (usages & ~allowed) == 0 ? null : $"A key of kind {key.Algorithm.Name} is not for {usages & ~allowed}.";
    }
}
