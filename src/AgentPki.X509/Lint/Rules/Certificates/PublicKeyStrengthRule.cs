using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Keys are strong enough for their position: 128 bits for a CA, the profile's minimum for others.</summary>
internal sealed class PublicKeyStrengthRule() : CertificateRule("public_key_strength", LintSeverity.Error, "NIST SP 800-57 part 1 §5.6")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var minimum = context.IsAuthority ? Math.Max(128, context.MinimumSecurityBits) : context.MinimumSecurityBits;
        return certificate.PublicKey is not { } key || key.Algorithm.SecurityBits >= minimum
            ? null
            : $"A key of kind {key.Algorithm.Name} has {key.Algorithm.SecurityBits} bits of strength; {minimum} are needed.";
    }
}
