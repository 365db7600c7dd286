using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The issuer is a non-empty distinguished name.</summary>
internal sealed class IssuerNotEmptyRule() : CertificateRule("issuer_not_empty", LintSeverity.Error, "RFC 5280 §4.1.2.4")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Issuer.IsEmpty ? "The issuer is empty." : null;
}
