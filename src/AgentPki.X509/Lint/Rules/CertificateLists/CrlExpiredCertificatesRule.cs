using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>expiredCertsOnCRL names a time that has come.</summary>
internal sealed class CrlExpiredCertificatesRule() : CertificateListRule("crl_expired_certificates", LintSeverity.Error, "X.509 (2019) §9.5.2.9")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.ExpiredCertificatesSince > list.ThisUpdate ? "expiredCertsOnCRL lies after thisUpdate." : null;
}
