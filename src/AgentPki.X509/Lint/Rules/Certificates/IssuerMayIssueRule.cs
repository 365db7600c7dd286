using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The signer is a CA whose keyUsage allows signing certificates.</summary>
internal sealed class IssuerMayIssueRule() : CertificateRule("issuer_may_issue", LintSeverity.Error, "RFC 5280 §4.2.1.9, §4.2.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.Issuer is not { } issuer || (issuer.IsCertificateAuthority && issuer.KeyUsages is { } usages && (usages & KeyUsages.KeyCertSign) != 0)
            ? null
            : $"'{issuer.Subject}' is not a CA with keyCertSign.";
}
