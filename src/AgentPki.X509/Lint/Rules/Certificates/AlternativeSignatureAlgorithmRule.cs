using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>altSignatureAlgorithm names what the issuer signs with a second time, one that its alternative key can do, encoded as its standard fixes it; it is absent where the issuer signs once.</summary>
internal sealed class AlternativeSignatureAlgorithmRule() : CertificateRule("alternative_signature_algorithm", LintSeverity.Error, "X.509 (2019) §9.8.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        AlternativeSignatures.CheckAlgorithm(certificate.AlternativeSignature, context.AlternativeSigningAlgorithm, (context.Issuer?.Fields ?? certificate).AlternativePublicKey);
}
