using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>Entries carry no critical extension that readers may not know.</summary>
internal sealed class CrlEntryExtensionsRule() : CertificateListRule("crl_entry_extensions", LintSeverity.Error, "RFC 5280 §5.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.HasUnknownCriticalEntryExtension ? "An entry has a critical extension." : null;
}
