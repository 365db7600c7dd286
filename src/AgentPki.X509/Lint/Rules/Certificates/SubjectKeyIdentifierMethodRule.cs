using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>
/// The subject key identifier is the leftmost 160 bits of SHA-256 over the key bits. A cross-certificate's is the one that the other PKI has given that CA
/// already, by whatever method (RFC 5280 §4.2.1.2: what is in the certificates of one CA must be the same).
/// </summary>
internal sealed class SubjectKeyIdentifierMethodRule() : CertificateRule("subject_key_identifier_method", LintSeverity.Error, "RFC 7093 §2 method 1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (context.Position == CertificatePosition.CrossCertificate || certificate.SubjectKeyIdentifier.IsEmpty || certificate.PublicKey is not { } key)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(key.KeyBits.Span, hash);
        return certificate.SubjectKeyIdentifier.Span.SequenceEqual(hash[..20]) ? null : "The subject key identifier is not that of the key.";
    }
}
