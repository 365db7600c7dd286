using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>An alternative key is as strong as its position asks of the first one: 128 bits for a CA, the profile's minimum for others.</summary>
internal sealed class AlternativeKeyStrengthRule() : CertificateRule("alternative_key_strength", LintSeverity.Error, "NIST SP 800-57 part 1 §5.6")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var minimum = context.IsAuthority ? Math.Max(128, context.MinimumSecurityBits) : context.MinimumSecurityBits;
        return certificate.AlternativePublicKey is not { } key || key.Algorithm.SecurityBits >= minimum
            ? null
            : $"An alternative key of kind {key.Algorithm.Name} has {key.Algorithm.SecurityBits} bits of strength; {minimum} are needed.";
    }
}
