using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>The signer is the CA itself, or was delegated by that very CA with OCSPSigning.</summary>
internal sealed class OcspResponderMayAnswerRule() : OcspResponseRule("ocsp_responder_may_answer", LintSeverity.Error, "RFC 6960 §4.2.2.2")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        var responder = context.Responder;
        if (responder.Equals(context.Issuer))
        {
            return null;
        }

        return responder.Issuer.Equals(context.Issuer.Subject) && responder.ExtendedKeyUsages is { } purposes && purposes.Contains(Oids.OcspSigning)
            ? null
            : $"'{responder.Subject}' is neither '{context.Issuer.Subject}' nor its delegate.";
    }
}
