using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Subject alternative names are critical exactly when the subject is empty.</summary>
internal sealed class SubjectAlternativeNameCriticalRule() : CertificateRule("subject_alternative_name_critical", LintSeverity.Error, "RFC 5280 §4.2.1.6")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Find(Oids.SubjectAlternativeName) is not { } extension || extension.Critical == certificate.Subject.IsEmpty
            ? null
            : extension.Critical ? "Critical although the subject is not empty." : "Not critical although the subject is empty.";
}
