using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Nothing but a root and its roll-over certificates, which must, carries its issuer's name: self-issued certificates escape name constraints and path length.</summary>
internal sealed class SubjectDiffersRule() : CertificateRule("subject_differs_from_issuer", LintSeverity.Error, "RFC 5280 §4.1.2.6, §3.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.Issuer is null || certificate.Subject.Equals(certificate.Issuer) == (context.Position == CertificatePosition.RollOver)
            ? null
            : context.Position == CertificatePosition.RollOver ? "A roll-over certificate is self-issued: its subject is the issuer's name." : "The subject is the issuer's name.";
}
