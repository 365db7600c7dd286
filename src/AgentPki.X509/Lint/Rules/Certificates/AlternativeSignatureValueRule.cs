using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>altSignatureValue is there exactly when the issuer has signed the alternative way, and never without its algorithm.</summary>
internal sealed class AlternativeSignatureValueRule() : CertificateRule("alternative_signature_value", LintSeverity.Error, "X.509 (2019) §9.8.3, §9.8.4")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        AlternativeSignatures.CheckValue(certificate.AlternativeSignature, context.AlternativeSigningAlgorithm, (context.Issuer?.Fields ?? certificate).AlternativePublicKey, context.IsBeforeAlternativeSignature);
}
