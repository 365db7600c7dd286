using AgentPki.Cryptography;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint;

/// <summary>What certificates and CRLs have in common about alternative signatures (X.509 (2019) §9.8.3, §9.8.4).</summary>
internal static class AlternativeSignatures
{
    /// <param name="expected">What the signer will sign with a second time; null: nothing.</param>
    /// <param name="key">The signer's alternative key; null when it has none.</param>
    public static string? CheckAlgorithm(AlternativeSignature? found, SignatureAlgorithm? expected, PublicKey? key)
    {
        if (found is null || found.Identifier.IsEmpty)
        {
            return expected is null ? null : $"altSignatureAlgorithm is missing; the signer will use {expected.Name}.";
        }

        if (found.Algorithm is not { } algorithm)
        {
            return "The alternative signature algorithm is not known.";
        }

        if (expected != algorithm)
        {
            return $"altSignatureAlgorithm says {algorithm.Name}; the signer will use {expected?.Name ?? "no alternative signature"}.";
        }

        if (key is null || !algorithm.Fits(key.Algorithm))
        {
            return key is null ? "The signer has no alternative key." : $"The signer's alternative key of kind {key.Algorithm.Name} cannot make {algorithm.Name}.";
        }

        return found.Identifier.Span.SequenceEqual(algorithm.AlgorithmIdentifier.Span) ? null : $"The parameters of {algorithm.Name} are not encoded as its standard fixes them.";
    }

    public static string? CheckValue(AlternativeSignature? found, SignatureAlgorithm? expected, PublicKey? key, bool isBefore)
    {
        var value = found?.Value ?? default;
        if (expected is null || isBefore)
        {
            return value.IsEmpty ? null : "altSignatureValue is there before anything was signed with the alternative key.";
        }

        // Where the algorithm fixes the length, another one is no signature of it.
        return value.IsEmpty
            ? "altSignatureValue is missing."
            : key?.Algorithm.SignatureSize is > 0 and var size && value.Length != size ? $"altSignatureValue has {value.Length} octets; {expected.Name} has {size}." : null;
    }
}
