using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>A public key as the platform holds it. One caller at a time.</summary>
internal abstract class PlatformVerifier : IDisposable
{
    /// <summary>Null when the platform has no such algorithm.</summary>
    public static PlatformVerifier? Create(PublicKey key) => key.Algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa => LibcryptoEcdsaVerifier.TryCreate(key) ?? new ManagedEcdsaVerifier(key),
        AlgorithmFamily.Rsa => new RsaVerifier(key),
        AlgorithmFamily.MlDsa when PlatformPostQuantum.HasMlDsa => new MlDsaVerifier(key),
        AlgorithmFamily.SlhDsa when PlatformPostQuantum.HasSlhDsa => new SlhDsaVerifier(key),
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => null,
    };

    /// <exception cref="CryptographicException">The signature is not of the algorithm's form, on some platforms.</exception>
    public abstract bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    public abstract void Dispose();

    /// <summary>Octets of the longest hash there is here, SHA-512's.</summary>
    public const int MaximumDigest = 64;

    /// <summary>Hashes where the message lies: <c>ECDsa.SignData</c> copies it first, and a CRL of ten million entries has 480 MB.</summary>
    /// <returns>Octets written.</returns>
    public static int Hash(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, Span<byte> digest) => CryptographicOperations.HashData(HashName(algorithm), message, digest);

    public static HashAlgorithmName HashName(SignatureAlgorithm algorithm) => algorithm.Hash switch
    {
        HashFunction.Sha256 => HashAlgorithmName.SHA256,
        HashFunction.Sha384 => HashAlgorithmName.SHA384,
        HashFunction.Sha512 => HashAlgorithmName.SHA512,
        HashFunction.None => throw new NotSupportedException($"{algorithm} has no hash of its own."),
    };

    /// <summary>RSASSA-PSS with a salt as long as the hash, which is what .NET's PSS means (RFC 4055 §3.1).</summary>
    public static RSASignaturePadding Padding(SignatureAlgorithm algorithm) => algorithm.IsPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
}

/// <summary>ECDSA through System.Security.Cryptography: where <see cref="LibcryptoEcdsaVerifier"/> is not to be had.</summary>
internal sealed class ManagedEcdsaVerifier : PlatformVerifier
{
    private readonly ECDsa _key;

    public ManagedEcdsaVerifier(PublicKey key)
    {
        var point = key.KeyBits.Span[1..];
        var half = point.Length / 2;
        _key = ECDsa.Create(new ECParameters
        {
            Curve = PlatformEcdsaKey.CurveOf(key.Algorithm),
            Q = new ECPoint { X = point[..half].ToArray(), Y = point[half..].ToArray() },
        });
    }

    public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> digest = stackalloc byte[MaximumDigest];
        return _key.VerifyHash(digest[..Hash(algorithm, message, digest)], signature, DSASignatureFormat.Rfc3279DerSequence);
    }

    public override void Dispose() => _key.Dispose();
}

internal sealed class RsaVerifier : PlatformVerifier
{
    private readonly RSA _key;

    public RsaVerifier(PublicKey key)
    {
        key.TryGetRsaParameters(out var modulus, out var exponent);
        _key = RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() });
    }

    public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> digest = stackalloc byte[MaximumDigest];
        return _key.VerifyHash(digest[..Hash(algorithm, message, digest)], signature, HashName(algorithm), Padding(algorithm));
    }

    public override void Dispose() => _key.Dispose();
}
