using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Nothing but a root carries its issuer's name: self-issued certificates escape name constraints and path length.</summary>
internal sealed class SubjectDiffersRule() : CertificateRule("subject_differs_from_issuer", LintSeverity.Error, "RFC 5280 §4.1.2.6, §3.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.Issuer is not null && certificate.Subject.Equals(certificate.Issuer) ? "The subject is the issuer's name." : null;
}
