using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Subject key identifiers are always present: chains are built with them.</summary>
internal sealed class SubjectKeyIdentifierPresentRule() : CertificateRule("subject_key_identifier_present", LintSeverity.Error, "RFC 5280 §4.2.1.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.SubjectKeyIdentifier.IsEmpty ? "The subject key identifier is missing." : null;
}
