using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The authority key identifier is the subject key identifier of whoever signs; only a root may leave it out.</summary>
internal sealed class AuthorityKeyIdentifierRule() : CertificateRule("authority_key_identifier", LintSeverity.Error, "RFC 5280 §4.2.1.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        var expected = context.Issuer?.SubjectKeyIdentifier ?? certificate.SubjectKeyIdentifier;
        if (certificate.AuthorityKeyIdentifier is not { } identifier)
        {
            return context.Issuer is null ? null : "The authority key identifier is missing.";
        }

        return identifier.KeyIdentifier.Span.SequenceEqual(expected.Span) ? null : "The authority key identifier is not the signer's subject key identifier.";
    }
}
