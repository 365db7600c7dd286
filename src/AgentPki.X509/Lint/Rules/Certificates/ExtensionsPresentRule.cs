using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A certificate has extensions; every conforming one carries key identifiers at least.</summary>
internal sealed class ExtensionsPresentRule() : CertificateRule("extensions_present", LintSeverity.Error, "RFC 5280 §4.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Extensions.Count == 0 ? "There are no extensions." : null;
}
