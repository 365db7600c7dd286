using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>notBefore comes before notAfter.</summary>
internal sealed class ValidityOrderRule() : CertificateRule("validity_order", LintSeverity.Error, "RFC 5280 §4.1.2.5")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.NotBefore < certificate.NotAfter ? null : $"notBefore {certificate.NotBefore:u} is not before notAfter {certificate.NotAfter:u}.";
}
