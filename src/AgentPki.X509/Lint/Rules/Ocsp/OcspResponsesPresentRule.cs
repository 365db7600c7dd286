using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>A successful response answers at least one question, and none twice.</summary>
internal sealed class OcspResponsesPresentRule() : OcspResponseRule("ocsp_responses_present", LintSeverity.Error, "RFC 6960 §4.2.1")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        var responses = response.Responses;
        for (var i = 1; i < responses.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (responses[i].Certificate.Equals(responses[j].Certificate) && responses[i].Certificate.Encoded.Span.SequenceEqual(responses[j].Certificate.Encoded.Span))
                {
                    return "One certificate is answered twice.";
                }
            }
        }

        return responses.Count > 0 ? null : "There is no answer.";
    }
}
