using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Certificates with extensions are version 3.</summary>
internal sealed class VersionRule() : CertificateRule("version_v3", LintSeverity.Error, "RFC 5280 §4.1.2.1")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Version == 3 ? null : $"Version {certificate.Version}; extensions need version 3.";
}
