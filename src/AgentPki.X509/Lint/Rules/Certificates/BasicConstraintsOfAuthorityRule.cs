using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A CA has critical basicConstraints with cA TRUE.</summary>
internal sealed class BasicConstraintsOfAuthorityRule() : CertificateRule("basic_constraints_of_authority", LintSeverity.Error, "RFC 5280 §4.2.1.9")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        !context.IsAuthority || (certificate.BasicConstraints is { IsCertificateAuthority: true } && certificate.Find(Oids.BasicConstraints) is { Critical: true })
            ? null
            : "A CA has critical basic constraints with cA TRUE.";
}
