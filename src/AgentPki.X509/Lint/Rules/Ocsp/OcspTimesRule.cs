using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>thisUpdate is not after producedAt; nextUpdate is present and after thisUpdate.</summary>
internal sealed class OcspTimesRule() : OcspResponseRule("ocsp_times", LintSeverity.Error, "RFC 6960 §4.2.2.1, RFC 5019 §2.2.4")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        foreach (var single in response.Responses)
        {
            if (single.ThisUpdate > response.ProducedAt)
            {
                return $"thisUpdate {single.ThisUpdate:u} is after producedAt {response.ProducedAt:u}.";
            }

            if (single.NextUpdate is not { } next || next <= single.ThisUpdate)
            {
                return "nextUpdate is missing or not after thisUpdate.";
            }
        }

        return null;
    }
}
