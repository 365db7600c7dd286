using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A certificate with a SPIFFE ID has exactly one URI name.</summary>
internal sealed class SpiffeSingleUriRule() : CertificateRule("spiffe_single_uri", LintSeverity.Error, "SPIFFE X509-SVID §2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var (uris, ids) = (0, 0);
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Uri uri)
            {
                uris++;
                ids += SpiffeId.HasScheme(uri.Value) ? 1 : 0;
            }
        }

        return ids > 0 && uris != 1 ? $"{uris} URI names where a SPIFFE ID must be the only one." : null;
    }
}
