using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The authority key identifier is the subject key identifier of the CA that signs.</summary>
internal sealed class CrlAuthorityKeyIdentifierRule() : CertificateListRule("crl_authority_key_identifier", LintSeverity.Error, "RFC 5280 §5.2.1")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.AuthorityKeyIdentifier is { } identifier && identifier.KeyIdentifier.Span.SequenceEqual(context.Issuer.SubjectKeyIdentifier.Span)
            ? null
            : "The authority key identifier is missing or not the signer's.";
}
