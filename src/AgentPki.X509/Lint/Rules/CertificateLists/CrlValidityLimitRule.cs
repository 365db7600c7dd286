using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The time between thisUpdate and nextUpdate is within the limit.</summary>
internal sealed class CrlValidityLimitRule() : CertificateListRule("crl_validity_limit", LintSeverity.Error, "RFC 5280 §5.1.2.5, profile")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.NextUpdate is { } next && next - list.ThisUpdate > context.MaximumValidity ? $"Good for {next - list.ThisUpdate}; the limit is {context.MaximumValidity}." : null;
}
