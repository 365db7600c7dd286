using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>altSignatureValue is there exactly when the issuer has signed the alternative way.</summary>
internal sealed class CrlAlternativeSignatureValueRule() : CertificateListRule("crl_alternative_signature_value", LintSeverity.Error, "X.509 (2019) §9.8.4, §7.10.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        AlternativeSignatures.CheckValue(list.AlternativeSignature, context.AlternativeSigningAlgorithm, context.Issuer.AlternativePublicKey, context.IsBeforeAlternativeSignature);
}
