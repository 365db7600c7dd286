using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The issuer is, octet by octet, the subject of the CA that signs.</summary>
internal sealed class CrlIssuerRule() : CertificateListRule("crl_issuer", LintSeverity.Error, "RFC 5280 §5.1.2.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.Issuer.Equals(context.Issuer.Subject) && !list.Issuer.IsEmpty ? null : $"The issuer is '{list.Issuer}'; the signer is '{context.Issuer.Subject}'.";
}
