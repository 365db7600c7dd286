using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Serial numbers have at most 20 octets.</summary>
internal sealed class SerialLengthRule() : CertificateRule("serial_length", LintSeverity.Error, "RFC 5280 §4.1.2.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.SerialNumber.Length <= 20 ? null : $"The serial number has {certificate.SerialNumber.Length} octets; at most 20.";
}
