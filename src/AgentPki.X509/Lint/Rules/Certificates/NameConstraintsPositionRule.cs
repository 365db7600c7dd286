using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Name constraints are critical, and only a CA has them.</summary>
internal sealed class NameConstraintsPositionRule() : CertificateRule("name_constraints_position", LintSeverity.Error, "RFC 5280 §4.2.1.10")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.Find(Oids.NameConstraints) is not { } extension
            ? null
            : !context.IsAuthority ? "Name constraints are for CAs." : extension.Critical ? null : "Name constraints are critical.";
}
