using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>anyExtendedKeyUsage makes every other purpose void.</summary>
internal sealed class ExtendedKeyUsageAnyRule() : CertificateRule("extended_key_usage_any", LintSeverity.Error, "RFC 5280 §4.2.1.12")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.ExtendedKeyUsages is { } purposes && purposes.Contains(Oids.AnyExtendedKeyUsage) ? "anyExtendedKeyUsage is not used." : null;
}
