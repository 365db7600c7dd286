using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>Without a revoked certificate the list is absent, not empty.</summary>
internal sealed class CrlEmptyListRule() : CertificateListRule("crl_empty_list", LintSeverity.Error, "RFC 5280 §5.1.2.6")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.HasEmptyEntries ? "revokedCertificates is present and empty." : null;
}
