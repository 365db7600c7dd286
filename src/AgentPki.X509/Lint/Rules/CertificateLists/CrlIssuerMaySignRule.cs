using AgentPki.X509.CertificateLists;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The signer's keyUsage allows signing CRLs.</summary>
internal sealed class CrlIssuerMaySignRule() : CertificateListRule("crl_issuer_may_sign", LintSeverity.Error, "RFC 5280 §4.2.1.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        context.Issuer.KeyUsages is { } usages && (usages & KeyUsages.CrlSign) != 0 ? null : $"'{context.Issuer.Subject}' has no cRLSign.";
}
