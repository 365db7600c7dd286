using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>The algorithm the signer will use is one the responder's key can do.</summary>
internal sealed class OcspSignatureAlgorithmRule() : OcspResponseRule("ocsp_signature_algorithm", LintSeverity.Error, "RFC 6960 §4.3, RFC 5280 §4.1.1.2")
{
    public override string? Check(ResponseData response, OcspLintContext context) =>
        context.SigningAlgorithm is not { } algorithm || algorithm.Fits(context.Responder.PublicKey.Algorithm)
            ? null
            : $"The responder's key of kind {context.Responder.PublicKey.Algorithm.Name} cannot make {algorithm.Name}.";
}
