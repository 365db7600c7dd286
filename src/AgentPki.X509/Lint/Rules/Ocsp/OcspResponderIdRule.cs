using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>The responder is named by its key or its name, and is the one that signs.</summary>
internal sealed class OcspResponderIdRule() : OcspResponseRule("ocsp_responder_id", LintSeverity.Error, "RFC 6960 §4.2.2.2, RFC 5019 §2.2.1")
{
    public override string? Check(ResponseData response, OcspLintContext context) =>
        response.Responder.Matches(context.Responder.Subject, context.Responder.PublicKey) ? null : "The responder ID is neither the hash of the signer's key nor its name.";
}
