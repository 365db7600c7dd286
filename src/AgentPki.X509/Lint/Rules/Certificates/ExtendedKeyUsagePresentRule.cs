using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Whoever is no CA says what its key is for.</summary>
internal sealed class ExtendedKeyUsagePresentRule() : CertificateRule("extended_key_usage_present", LintSeverity.Error, "RFC 5280 §4.2.1.12")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.IsAuthority || certificate.ExtendedKeyUsages is not null ? null : "Extended key usage is missing.";
}
