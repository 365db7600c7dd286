using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>UTCTime through 2049, GeneralizedTime from 2050.</summary>
internal sealed class ValidityEncodingRule() : CertificateRule("validity_encoding", LintSeverity.Error, "RFC 5280 §4.1.2.5")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        Fits(certificate.NotBefore, certificate.TimeTags.NotBefore) && Fits(certificate.NotAfter, certificate.TimeTags.NotAfter)
            ? null
            : "Dates through 2049 are UTCTime, later ones GeneralizedTime.";

    private static bool Fits(DateTimeOffset time, byte tag) => tag == (time.Year < 2050 ? DerTag.UtcTime : DerTag.GeneralizedTime);
}
