using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The alternative key can do what keyUsage says of both keys: keys that only agree or encapsulate are not certified beside one that signs.</summary>
internal sealed class AlternativeKeyUsageRule() : CertificateRule("alternative_key_usage", LintSeverity.Error, "X.509 (2019) §9.8.2, RFC 5280 §4.2.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.AlternativePublicKey is { Algorithm.CanSign: false } key ? $"An alternative key of kind {key.Algorithm.Name} signs nothing." : null;
}
