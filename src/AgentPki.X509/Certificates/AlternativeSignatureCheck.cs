using AgentPki.Cryptography;

namespace AgentPki.X509.Certificates;

/// <summary>The alternative signatures of a path whose primary ones are good already.</summary>
internal static class AlternativeSignatureCheck
{
    /// <param name="path">The certificate first, its anchor last; the anchor's own signatures say nothing that its being an anchor does not.</param>
    public static ChainResult.Invalid? Check(IReadOnlyList<Certificate> path, AlternativeSignaturePolicy policy, CryptoProviders providers)
    {
        if (policy == AlternativeSignaturePolicy.Ignored)
        {
            return null;
        }

        // From the anchor down, as the primary ones: what is wrong above is said first.
        for (var i = path.Count - 2; i >= 0; i--)
        {
            if (CheckOne(path[i], path[i + 1], policy, providers) is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    private static ChainResult.Invalid? CheckOne(Certificate certificate, Certificate issuer, AlternativeSignaturePolicy policy, CryptoProviders providers)
    {
        if (certificate.AlternativeSignature is not { } signature)
        {
            return policy == AlternativeSignaturePolicy.Required
                ? new(ChainFailure.AlternativeSignatureMissing, certificate, $"'{certificate.Subject}' has no alternative signature: it was never made, or it was stripped.")
                : null;
        }

        if (!signature.IsComplete)
        {
            return new(ChainFailure.AlternativeSignatureMissing, certificate, $"'{certificate.Subject}' has half of an alternative signature: altSignatureAlgorithm and altSignatureValue belong together.");
        }

        if (issuer.AlternativePublicKey is not { } key)
        {
            return new(ChainFailure.AlternativeKeyMissing, issuer, issuer.Fields.AlternativePublicKeyError is { } error
                ? $"The alternative key of '{issuer.Subject}' cannot be used: {error}"
                : $"'{issuer.Subject}' has no alternative key with which the alternative signature of '{certificate.Subject}' could be verified.");
        }

        return certificate.VerifyAlternativeSignature(key, providers)
            ? null
            : new(ChainFailure.BadAlternativeSignature, certificate, $"The alternative signature of '{certificate.Subject}' was not made with the alternative key of '{issuer.Subject}'.");
    }
}
