using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>
/// ECDSA with the machine's libcrypto called directly, the same code that System.Security.Cryptography ends in on Linux.
/// </summary>
/// <remarks>
/// Why not <see cref="ECDsa"/>: importing a public key there multiplies the point by the group's order (EC_KEY_check_key), which costs more than the
/// verification itself, for every request's key anew. Here the point is known to lie on its curve (<see cref="PublicKey"/> holds no other, and
/// EC_KEY_oct2key checks once more), and both curves have cofactor 1, so that a point on the curve has the right order (SEC 1 §3.2.2.1).
/// </remarks>
internal sealed class LibcryptoEcdsaVerifier : PlatformVerifier
{
    private readonly Libcrypto.EcKeyHandle _key;

    private LibcryptoEcdsaVerifier(Libcrypto.EcKeyHandle key) => _key = key;

    /// <summary>Null where libcrypto cannot be called this way: another system than Linux, or another major version than 3.</summary>
    public static PlatformVerifier? TryCreate(PublicKey key) =>
        Libcrypto.GroupOf(key.Algorithm) is var group && group != 0 && Libcrypto.LoadKey(group, key.KeyBits.Span) is { } loaded ? new LibcryptoEcdsaVerifier(loaded) : null;

    public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> digest = stackalloc byte[MaximumDigest];
        return Libcrypto.Verify(_key, digest[..Hash(algorithm, message, digest)], signature);
    }

    public override void Dispose() => _key.Dispose();
}
