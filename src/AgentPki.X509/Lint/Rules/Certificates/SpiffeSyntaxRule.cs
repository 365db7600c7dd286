using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A URI with the SPIFFE scheme is a valid SPIFFE ID.</summary>
internal sealed class SpiffeSyntaxRule() : CertificateRule("spiffe_syntax", LintSeverity.Error, "SPIFFE-ID §2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Uri uri && SpiffeId.HasScheme(uri.Value) && !SpiffeId.TryParse(uri.Value, out _, out var error))
            {
                return $"'{name}': {error}.";
            }
        }

        return null;
    }
}
