using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Serial numbers carry at least 64 random bits; one that has fewer octets cannot.</summary>
internal sealed class SerialEntropyRule() : CertificateRule("serial_entropy", LintSeverity.Error, "CA/B BR §7.1")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.SerialNumber.Length >= 8 ? null : $"The serial number has {certificate.SerialNumber.Length} octets; 64 random bits need 8.";
}
