using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The AlgorithmIdentifier is encoded exactly as its standard fixes it (parameters absent, NULL, or explicit).</summary>
internal sealed class SignatureParametersRule() : CertificateRule("signature_parameters", LintSeverity.Error, "RFC 5758 §3.2, RFC 4055 §5, RFC 8410 §3, RFC 9881 §2, RFC 9909 §3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Signature is not { } algorithm || certificate.SignatureIdentifier.Span.SequenceEqual(algorithm.AlgorithmIdentifier.Span)
            ? null
            : $"The parameters of {algorithm.Name} are not encoded as its standard fixes them.";
}
