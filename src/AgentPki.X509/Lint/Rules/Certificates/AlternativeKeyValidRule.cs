using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The subject's alternative key is a valid key of a known algorithm.</summary>
internal sealed class AlternativeKeyValidRule() : CertificateRule("alternative_key_valid", LintSeverity.Error, "X.509 (2019) §9.8.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.AlternativePublicKeyError is { } error ? $"The alternative key: {error}" : null;
}
