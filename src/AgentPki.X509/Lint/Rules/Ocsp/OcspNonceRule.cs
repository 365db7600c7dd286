using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>The nonce is the request's, of 1 to 128 octets; without one in the request there is none.</summary>
internal sealed class OcspNonceRule() : OcspResponseRule("ocsp_nonce", LintSeverity.Error, "RFC 9654 §2.1")
{
    public override string? Check(ResponseData response, OcspLintContext context) =>
        response.Nonce.Length > 128
            ? $"A nonce of {response.Nonce.Length} octets; at most 128."
            : response.Nonce.IsEmpty || response.Nonce.Span.SequenceEqual(context.RequestNonce.Span) ? null : "The nonce is not the request's.";
}
