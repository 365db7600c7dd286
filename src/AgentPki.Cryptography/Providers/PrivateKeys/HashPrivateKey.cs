using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.PrivateKeys;

/// <summary>The privateKey of SLH-DSA (RFC 9909 §7): SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root of FIPS 205 §9.1, with no frame of their own.</summary>
internal static class HashPrivateKey
{
    public static CryptographicException WrongLength(KeyAlgorithm algorithm, int length) =>
        new($"A private key of kind {algorithm} is {2 * algorithm.PublicKeySize} octets without a frame, not {length} (RFC 9909 §7).");
}
