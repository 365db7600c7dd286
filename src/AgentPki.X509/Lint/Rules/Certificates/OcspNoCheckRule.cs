using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>ocsp-nocheck stands in a responder's certificate and nowhere else.</summary>
internal sealed class OcspNoCheckRule() : CertificateRule("ocsp_no_check", LintSeverity.Error, "RFC 6960 §4.2.2.2.1")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        (certificate.Find(Oids.OcspNoCheck) is not null) == (context.Position == CertificatePosition.OcspResponder)
            ? null
            : context.Position == CertificatePosition.OcspResponder ? "An OCSP responder has ocsp-nocheck." : "ocsp-nocheck is for OCSP responders alone.";
}
