using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Related certificates are those of end entities.</summary>
internal sealed class RelatedCertificatePositionRule() : CertificateRule("related_certificate_position", LintSeverity.Error, "RFC 9763 §4.1")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.IsAuthority && certificate.RelatedCertificate is not null ? "A CA's certificate names no related one." : null;
}
