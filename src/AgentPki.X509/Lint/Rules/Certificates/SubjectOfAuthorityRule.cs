using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The subject of a CA is a non-empty distinguished name.</summary>
internal sealed class SubjectOfAuthorityRule() : CertificateRule("subject_of_authority", LintSeverity.Error, "RFC 5280 §4.1.2.6")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.IsAuthority && certificate.Subject.IsEmpty ? "A CA's subject is not empty." : null;
}
