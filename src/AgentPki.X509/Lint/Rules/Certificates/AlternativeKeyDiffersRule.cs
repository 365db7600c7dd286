using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The alternative key is another key than the subject's first: the same one twice would be broken at once.</summary>
internal sealed class AlternativeKeyDiffersRule() : CertificateRule("alternative_key_differs", LintSeverity.Error, "X.509 (2019) §9.8.2")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.AlternativePublicKey is { } alternative && alternative.Equals(certificate.PublicKey) ? "The alternative key is the subject's key once more; it must be another, of another algorithm." : null;
}
