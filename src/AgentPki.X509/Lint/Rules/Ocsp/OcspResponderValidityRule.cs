using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>The responder's certificate is valid when it answers.</summary>
internal sealed class OcspResponderValidityRule() : OcspResponseRule("ocsp_responder_validity", LintSeverity.Error, "RFC 6960 §4.2.2.2")
{
    public override string? Check(ResponseData response, OcspLintContext context) =>
        context.Responder.IsValidAt(response.ProducedAt) ? null : $"The responder's certificate is not valid at {response.ProducedAt:u}.";
}
