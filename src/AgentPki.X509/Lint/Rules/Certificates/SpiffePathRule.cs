using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A workload's SPIFFE ID has a path, a signing certificate's has none.</summary>
internal sealed class SpiffePathRule() : CertificateRule("spiffe_path", LintSeverity.Error, "SPIFFE X509-SVID §2, §4.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Uri uri && SpiffeId.TryParse(uri.Value, out var id) && (id.Path.Length == 0) != context.IsAuthority)
            {
                return context.IsAuthority ? $"'{id}': a CA's SPIFFE ID has no path." : $"'{id}': a workload's SPIFFE ID has a path.";
            }
        }

        return null;
    }
}
