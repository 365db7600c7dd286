using AgentPki.X509.CertificateLists;
using AgentPki.X509.Der;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>UTCTime through 2049, GeneralizedTime from 2050.</summary>
internal sealed class CrlTimeEncodingRule() : CertificateListRule("crl_time_encoding", LintSeverity.Error, "RFC 5280 §5.1.2.4, §5.1.2.5")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        Fits(list.ThisUpdate, list.TimeTags.ThisUpdate) && (list.NextUpdate is not { } next || Fits(next, list.TimeTags.NextUpdate))
            ? null
            : "Dates through 2049 are UTCTime, later ones GeneralizedTime.";

    private static bool Fits(DateTimeOffset time, byte tag) => tag == (time.Year < 2050 ? DerTag.UtcTime : DerTag.GeneralizedTime);
}
