using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Composite;

namespace AgentPki.Cryptography;

/// <summary>A key, or one half of a composite, as a probe found it.</summary>
/// <param name="Reference">Where it is kept.</param>
/// <param name="Verifies">Whether what it signed verifies with its part of the expected public key.</param>
public sealed record ProbedKey(KeyAlgorithm Algorithm, KeyReference Reference, KeyProtection Protection, bool Verifies);

/// <summary>
/// Asks a key whether it signs: a sentence with a nonce, which begins with a letter and is therefore no certificate, CRL, OCSP response or set of CMS attributes (DER, 0x30 or 0x31). A
/// half of a composite is asked with its whole, as for everything it signs.
/// </summary>
public static class KeyProbe
{
    private static ReadOnlySpan<byte> Sentence => "This key was asked whether it signs, and says nothing else. "u8;

    /// <summary>The key; of a composite the ML-DSA half, then the other.</summary>
    /// <param name="expected">What its certificate names.</param>
    /// <param name="verifiers">Judge the signature.</param>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now.</exception>
    public static async ValueTask<IReadOnlyList<ProbedKey>> RunAsync(
        ISigningKey key, SignatureAlgorithm algorithm, PublicKey expected, CryptoProviders verifiers, CancellationToken cancellationToken)
    {
        byte[] message = [.. Sentence, .. RandomNumberGenerator.GetBytes(16)];
        var signature = await key.SignAsync(algorithm, message, cancellationToken);
        if (key.Parts is not [var mlDsa, var traditional])
        {
            return [Describe(key, verifiers.Verify(expected, algorithm, message, signature))];
        }

        var (first, second) = CompositeSignature.VerifyEach(verifiers, expected, message, signature);
        return [Describe(mlDsa, first), Describe(traditional, second)];
    }

    private static ProbedKey Describe(IPrivateKey key, bool verifies) => new(key.Algorithm, key.Reference, key.Protection, verifies);
}
