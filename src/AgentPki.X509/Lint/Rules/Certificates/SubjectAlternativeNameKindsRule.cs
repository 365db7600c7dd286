using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Names are of kinds that somebody here can check: no otherName, x400Address, ediPartyName or registeredID.</summary>
internal sealed class SubjectAlternativeNameKindsRule() : CertificateRule("subject_alternative_name_kinds", LintSeverity.Error, "RFC 5280 §4.2.1.6")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Other)
            {
                return "A name of a kind that nothing here can check.";
            }
        }

        return null;
    }
}
