using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Conforming CAs do not generate unique identifiers.</summary>
internal sealed class UniqueIdentifiersRule() : CertificateRule("unique_identifiers", LintSeverity.Error, "RFC 5280 §4.1.2.8")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.HasUniqueIdentifiers ? "Unique identifiers are not used." : null;
}
