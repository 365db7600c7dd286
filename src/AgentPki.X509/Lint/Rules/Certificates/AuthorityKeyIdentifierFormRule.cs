using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The authority key identifier has the key's identifier alone: issuer and serial number tie it to one certificate of the CA.</summary>
internal sealed class AuthorityKeyIdentifierFormRule() : CertificateRule("authority_key_identifier_form", LintSeverity.Warning, "RFC 5280 §4.2.1.1")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.AuthorityKeyIdentifier is { } identifier && (identifier.Issuer.Count > 0 || !identifier.SerialNumber.IsEmpty)
            ? "The authority key identifier names the issuer's certificate, not only its key."
            : null;
}
