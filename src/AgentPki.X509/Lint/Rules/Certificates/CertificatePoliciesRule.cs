using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>No policy is named twice; anyPolicy is a CA's.</summary>
internal sealed class CertificatePoliciesRule() : CertificateRule("certificate_policies", LintSeverity.Error, "RFC 5280 §4.2.1.4")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var policies = certificate.CertificatePolicies ?? [];
        for (var i = 0; i < policies.Count; i++)
        {
            if (policies[i] == Oids.AnyPolicy && !context.IsAuthority)
            {
                return "anyPolicy is for CAs.";
            }

            for (var j = 0; j < i; j++)
            {
                if (policies[i] == policies[j])
                {
                    return $"Policy {policies[i]} is named twice.";
                }
            }
        }

        return null;
    }
}
