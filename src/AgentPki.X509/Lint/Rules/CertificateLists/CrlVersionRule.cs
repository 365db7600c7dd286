using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>CRLs with extensions are version 2.</summary>
internal sealed class CrlVersionRule() : CertificateListRule("crl_version_v2", LintSeverity.Error, "RFC 5280 §5.1.2.1")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.Version == 2 ? null : $"Version {list.Version}; extensions need version 2.";
}
