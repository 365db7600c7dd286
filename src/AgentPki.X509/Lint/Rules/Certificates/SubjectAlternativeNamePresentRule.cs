using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>An agent is named in its subject alternative names, and so is a server; an empty subject needs them.</summary>
internal sealed class SubjectAlternativeNamePresentRule() : CertificateRule("subject_alternative_name_present", LintSeverity.Error, "RFC 5280 §4.1.2.6, §4.2.1.6")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var needed = context.Position is CertificatePosition.EndEntity or CertificatePosition.TlsServer || certificate.Subject.IsEmpty;
        return needed && certificate.SubjectAlternativeNames.Count == 0 ? "Subject alternative names are missing." : null;
    }
}
