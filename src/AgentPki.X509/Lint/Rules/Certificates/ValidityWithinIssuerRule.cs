using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Nothing outlives its issuer: after the issuer has expired it could not be verified.</summary>
internal sealed class ValidityWithinIssuerRule() : CertificateRule("validity_within_issuer", LintSeverity.Error, "RFC 5280 §6.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.Issuer is not { } issuer || certificate.NotAfter <= issuer.NotAfter
            ? null
            : $"notAfter {certificate.NotAfter:u} is past the issuer's {issuer.NotAfter:u}.";
}
