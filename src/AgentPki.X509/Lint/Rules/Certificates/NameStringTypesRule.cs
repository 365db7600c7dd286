using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Names are UTF8String or PrintableString, with the exceptions the standard fixes.</summary>
internal sealed class NameStringTypesRule() : CertificateRule("name_string_types", LintSeverity.Error, "RFC 5280 §4.1.2.4, appendix A.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var rdn in certificate.Subject.Rdns)
        {
            foreach (var attribute in rdn)
            {
                if (!Fits(attribute))
                {
                    return $"Attribute {attribute.Oid} of the subject has a string of type {attribute.Tag:X2}.";
                }
            }
        }

        return null;
    }

    private static bool Fits(NameAttribute attribute) => NameSyntax.StringType(attribute.Oid) switch
    {
        DerTag.Utf8String => attribute.Tag is DerTag.Utf8String or DerTag.PrintableString,
        var type => attribute.Tag == type,
    };
}
