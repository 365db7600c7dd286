using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Every part is DER, also inside extensions that nothing here knows.</summary>
internal sealed class DerCanonicalRule() : CertificateRule("der_canonical", LintSeverity.Error, "X.690 §10, §11; RFC 5280 §4.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (DerValidator.Check(extension.Value) is { } error)
            {
                return $"Extension {extension.Oid}: {error}.";
            }
        }

        return null;
    }
}
