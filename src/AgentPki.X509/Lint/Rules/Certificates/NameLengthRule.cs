using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Attribute values are not empty and within their upper bounds.</summary>
internal sealed class NameLengthRule() : CertificateRule("name_length", LintSeverity.Error, "RFC 5280 appendix A.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var rdn in certificate.Subject.Rdns)
        {
            foreach (var attribute in rdn)
            {
                if (attribute.Value.Length == 0 || attribute.Value.Length > NameSyntax.UpperBound(attribute.Oid))
                {
                    return $"Attribute {attribute.Oid} of the subject has {attribute.Value.Length} characters; 1 to {NameSyntax.UpperBound(attribute.Oid)} are allowed.";
                }
            }
        }

        return null;
    }
}
