using AgentPki.X509.CertificateLists;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>No extension occurs twice.</summary>
internal sealed class CrlExtensionsUniqueRule() : CertificateListRule("crl_extensions_unique", LintSeverity.Error, "RFC 5280 §5.2")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        X509Extension.FindDuplicate(list.Extensions) is { } oid ? $"Extension {oid} occurs twice." : null;
}
