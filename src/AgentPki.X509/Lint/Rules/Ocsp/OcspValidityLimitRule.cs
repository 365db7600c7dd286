using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>An answer is good for no longer than the limit.</summary>
internal sealed class OcspValidityLimitRule() : OcspResponseRule("ocsp_validity_limit", LintSeverity.Error, "RFC 6960 §2.4, profile")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        foreach (var single in response.Responses)
        {
            if (single.NextUpdate - single.ThisUpdate > context.MaximumValidity)
            {
                return $"Good for {single.NextUpdate - single.ThisUpdate}; the limit is {context.MaximumValidity}.";
            }
        }

        return null;
    }
}
