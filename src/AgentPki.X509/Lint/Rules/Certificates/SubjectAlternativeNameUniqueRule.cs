using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>No name is repeated.</summary>
internal sealed class SubjectAlternativeNameUniqueRule() : CertificateRule("subject_alternative_name_unique", LintSeverity.Warning, "RFC 5280 §4.2.1.6")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var names = certificate.SubjectAlternativeNames;
        for (var i = 1; i < names.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (names[i].Equals(names[j]))
                {
                    return $"'{names[i]}' is repeated.";
                }
            }
        }

        return null;
    }
}
