using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The signature field names the algorithm the issuer will sign with, one its key can do.</summary>
internal sealed class SignatureAlgorithmRule() : CertificateRule("signature_algorithm", LintSeverity.Error, "RFC 5280 §4.1.2.3, §4.1.1.2")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.Signature is not { } algorithm)
        {
            return AlgorithmIdentifiers.DescribeUnknown(certificate.SignatureIdentifier);
        }

        if (context.SigningAlgorithm is { } expected && expected != algorithm)
        {
            return $"The signature field says {algorithm.Name}; the signer will use {expected.Name}.";
        }

        var signer = context.Issuer?.PublicKey ?? certificate.PublicKey;
        return signer is null || algorithm.Fits(signer.Algorithm) ? null : $"The signer's key of kind {signer.Algorithm.Name} cannot make {algorithm.Name}.";
    }
}
