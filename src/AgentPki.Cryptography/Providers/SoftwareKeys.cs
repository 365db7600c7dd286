using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers;

/// <summary>Private keys from outside, opened in memory by the first software provider that has the algorithm here: the platform, then BouncyCastle.</summary>
public static class SoftwareKeys
{
    private static readonly PlatformProvider Platform = new();

    /// <summary>
    /// Opens a signing key from a DER PrivateKeyInfo (RFC 5958): EC, RSA, Ed25519 (RFC 8410 §7), ML-DSA as seed, expanded key or both (RFC 9881 §6),
    /// SLH-DSA (RFC 9909 §7), composites (draft-ietf-lamps-pq-composite-sigs-19 §5.3).
    /// </summary>
    /// <exception cref="CryptographicException">No such key, or one whose parts contradict each other; the message says which.</exception>
    public static SoftwareSigningKey ImportSigningKey(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var algorithm = AlgorithmOf(pkcs8);
        if (algorithm is { CanSign: false })
        {
            throw new CryptographicException($"A key of kind {algorithm} signs nothing: open it as a decapsulation key.");
        }

        if (algorithm is { Composite: not null })
        {
            return CompositeSoftwareKey.Import(label, purpose, algorithm, pkcs8);
        }

        if (algorithm is not null && KeyAlgorithm.HalvesOnly.Contains(algorithm) && purpose != KeyPurpose.CompositeHalf)
        {
            throw new CryptographicException($"A key of kind {algorithm} is known here as half of a composite only.");
        }

        return algorithm is null || Platform.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Sign)
            ? PlatformProvider.ImportPkcs8(label, purpose, pkcs8)
            : BouncyCastleProvider.ImportPkcs8(label, purpose, pkcs8);
    }

    /// <summary>Opens an ML-KEM key from a DER PrivateKeyInfo, as seed, expanded key or both (RFC 9935 §6).</summary>
    /// <exception cref="CryptographicException">No such key, or one whose parts contradict each other; the message says which.</exception>
    public static SoftwareDecapsulationKey ImportDecapsulationKey(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        if (AlgorithmOf(pkcs8) is not { CanEncapsulate: true } algorithm)
        {
            throw new CryptographicException("The private key is not of ML-KEM: nothing can be decapsulated with it.");
        }

        return Platform.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Decapsulate)
            ? PlatformProvider.ImportDecapsulationKey(label, purpose, pkcs8)
            : BouncyCastleProvider.ImportDecapsulationKey(label, purpose, pkcs8);
    }

    private static KeyAlgorithm? AlgorithmOf(ReadOnlySpan<byte> pkcs8) => PrivateKeyInfo.Read(pkcs8).Algorithm;
}
