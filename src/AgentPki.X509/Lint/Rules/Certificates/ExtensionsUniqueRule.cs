using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>No extension occurs twice.</summary>
internal sealed class ExtensionsUniqueRule() : CertificateRule("extensions_unique", LintSeverity.Error, "RFC 5280 §4.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        X509Extension.FindDuplicate(certificate.Extensions) is { } oid ? $"Extension {oid} occurs twice." : null;
}
