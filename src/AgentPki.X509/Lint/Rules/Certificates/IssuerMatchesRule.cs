using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The issuer is, octet by octet, the subject of whoever signs.</summary>
internal sealed class IssuerMatchesRule() : CertificateRule("issuer_matches", LintSeverity.Error, "RFC 5280 §4.1.2.4, §7.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var expected = context.Issuer?.Subject ?? certificate.Subject;
        return certificate.Issuer.Equals(expected) ? null : $"The issuer is '{certificate.Issuer}'; the signer is '{expected}'.";
    }
}
