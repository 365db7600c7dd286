using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A root, and nothing else, is signed by itself.</summary>
internal sealed class SelfSignedRootRule() : CertificateRule("self_signed_root", LintSeverity.Error, "RFC 5280 §3.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        (context.Position == CertificatePosition.Root) == (context.Issuer is null)
            ? null
            : context.Issuer is null ? "Only a root is self-signed." : "A root is signed by itself.";
}
