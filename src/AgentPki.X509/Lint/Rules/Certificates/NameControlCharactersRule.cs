using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>No name carries control, bidirectional or invisible characters that deceive whoever reads it.</summary>
internal sealed class NameControlCharactersRule() : CertificateRule("name_control_characters", LintSeverity.Error, "RFC 5280 §8")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (!certificate.Subject.IsEmpty && certificate.Subject.HasControlCharacters)
        {
            return "The subject has control or invisible characters.";
        }

        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name.HasControlCharacters)
            {
                return "A subject alternative name has control or invisible characters.";
            }
        }

        return null;
    }
}
