using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Key usage is present and critical.</summary>
internal sealed class KeyUsagePresentRule() : CertificateRule("key_usage_present", LintSeverity.Error, "RFC 5280 §4.2.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Find(Oids.KeyUsage) is { Critical: true } ? null : "Key usage is missing or not critical.";
}
