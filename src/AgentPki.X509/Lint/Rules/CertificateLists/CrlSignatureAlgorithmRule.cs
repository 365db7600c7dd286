using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>The signature field names the algorithm the issuer will sign with, encoded as its standard fixes it.</summary>
internal sealed class CrlSignatureAlgorithmRule() : CertificateListRule("crl_signature_algorithm", LintSeverity.Error, "RFC 5280 §5.1.2.2, §5.1.1.2")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        if (list.Signature is not { } algorithm)
        {
            return AlgorithmIdentifiers.DescribeUnknown(list.SignatureIdentifier);
        }

        if (context.SigningAlgorithm is { } expected && expected != algorithm)
        {
            return $"The signature field says {algorithm.Name}; the signer will use {expected.Name}.";
        }

        if (!algorithm.Fits(context.Issuer.PublicKey.Algorithm))
        {
            return $"The issuer's key of kind {context.Issuer.PublicKey.Algorithm.Name} cannot make {algorithm.Name}.";
        }

        return list.SignatureIdentifier.Span.SequenceEqual(algorithm.AlgorithmIdentifier.Span) ? null : $"The parameters of {algorithm.Name} are not encoded as its standard fixes them.";
    }
}
