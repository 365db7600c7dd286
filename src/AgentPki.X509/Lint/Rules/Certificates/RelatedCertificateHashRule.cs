using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A related certificate is named by a hash that relying parties know, whole.</summary>
internal sealed class RelatedCertificateHashRule() : CertificateRule("related_certificate_hash", LintSeverity.Error, "RFC 9763 §4.1")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.RelatedCertificate is not { } related)
        {
            return null;
        }

        var size = related.Hash switch
        {
            HashFunction.Sha256 => 32,
            HashFunction.Sha384 => 48,
            HashFunction.Sha512 => 64,
            _ => 0,
        };
        return size == related.Value.Length ? null : size == 0 ? $"Hash {related.HashOid} of the related certificate is not one of SHA-2." : $"The hash of the related certificate has {related.Value.Length} octets instead of {size}.";
    }
}
