using AgentPki.X509.Extensions;
using AgentPki.X509.Ocsp;

namespace AgentPki.X509.Lint.Rules.Ocsp;

/// <summary>No extension occurs twice or is critical.</summary>
internal sealed class OcspExtensionsRule() : OcspResponseRule("ocsp_extensions", LintSeverity.Error, "RFC 6960 §4.4, RFC 5280 §4.2")
{
    public override string? Check(ResponseData response, OcspLintContext context)
    {
        if (X509Extension.FindDuplicate(response.Extensions) is { } duplicate)
        {
            return $"Extension {duplicate} occurs twice.";
        }

        foreach (var extension in response.Extensions)
        {
            if (extension.Critical)
            {
                return $"Extension {extension.Oid} is critical.";
            }
        }

        return null;
    }
}
