using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>altSignatureAlgorithm names what the issuer signs with a second time, and is absent where it signs once.</summary>
internal sealed class CrlAlternativeSignatureAlgorithmRule() : CertificateListRule("crl_alternative_signature_algorithm", LintSeverity.Error, "X.509 (2019) §9.8.3, §7.10.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        AlternativeSignatures.CheckAlgorithm(list.AlternativeSignature, context.AlternativeSigningAlgorithm, context.Issuer.AlternativePublicKey);
}
