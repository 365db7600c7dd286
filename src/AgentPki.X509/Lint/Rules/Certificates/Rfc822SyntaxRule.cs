using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Mail addresses are a local part, an at sign, a host name.</summary>
internal sealed class Rfc822SyntaxRule() : CertificateRule("rfc822_syntax", LintSeverity.Error, "RFC 5280 §4.2.1.6, RFC 5321 §4.1.2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Rfc822 mail && !IsMailbox(mail.Address))
            {
                return $"'{name}' is not a mail address.";
            }
        }

        return null;
    }

    private static bool IsMailbox(string address)
    {
        var at = address.LastIndexOf('@');
        return at is > 0 and <= 64 && DnsNames.Check(address[(at + 1)..]) is null && !address.AsSpan(0, at).ContainsAnyExceptInRange('!', '~') && address.IndexOf('@', StringComparison.Ordinal) == at;
    }
}
