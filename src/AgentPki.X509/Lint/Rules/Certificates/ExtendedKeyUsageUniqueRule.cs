using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>No key purpose is named twice.</summary>
internal sealed class ExtendedKeyUsageUniqueRule() : CertificateRule("extended_key_usage_unique", LintSeverity.Warning, "RFC 5280 §4.2.1.12")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var purposes = certificate.ExtendedKeyUsages ?? [];
        for (var i = 1; i < purposes.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (purposes[i] == purposes[j])
                {
                    return $"Key purpose {purposes[i]} is named twice.";
                }
            }
        }

        return null;
    }
}
