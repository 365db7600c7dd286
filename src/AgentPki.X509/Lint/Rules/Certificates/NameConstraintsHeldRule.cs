using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Names lie within what the issuer is constrained to; otherwise no relying party accepts them.</summary>
internal sealed class NameConstraintsHeldRule() : CertificateRule("name_constraints_held", LintSeverity.Error, "RFC 5280 §4.2.1.10, §6.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.Issuer?.Fields.NameConstraints is { } constraints
            && NameConstraintCheck.FindViolation(certificate.Subject, certificate.SubjectAlternativeNames, constraints) is { } violation
            ? $"The issuer is not permitted to name {violation}."
            : null;
}
