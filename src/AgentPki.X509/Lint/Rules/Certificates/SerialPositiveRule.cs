using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Serial numbers are positive.</summary>
internal sealed class SerialPositiveRule() : CertificateRule("serial_positive", LintSeverity.Error, "RFC 5280 §4.1.2.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.SerialNumber.Span is { } serial && (serial[0] >= 0x80 || serial is [0]) ? "The serial number is zero or negative." : null;
}
