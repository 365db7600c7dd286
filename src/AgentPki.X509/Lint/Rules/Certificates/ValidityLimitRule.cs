using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The validity period, both ends counted, is within the limit.</summary>
internal sealed class ValidityLimitRule() : CertificateRule("validity_limit", LintSeverity.Error, "RFC 5280 §4.1.2.5, profile")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.NotAfter - certificate.NotBefore + TimeSpan.FromSeconds(1) <= context.MaximumValidity
            ? null
            : $"Valid for {certificate.NotAfter - certificate.NotBefore}; the limit is {context.MaximumValidity}.";
}
