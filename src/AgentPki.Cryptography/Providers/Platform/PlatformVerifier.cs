using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>Public keys as the platform holds them.</summary>
internal static class PlatformVerifier
{
    /// <summary>Null when the platform has no such algorithm.</summary>
    public static AsymmetricAlgorithm? Create(PublicKey key)
    {
        switch (key.Algorithm.Family)
        {
            case AlgorithmFamily.Ecdsa:
                var point = key.KeyBits.Span[1..];
                var half = point.Length / 2;
                return ECDsa.Create(new ECParameters
                {
                    Curve = PlatformEcdsaKey.CurveOf(key.Algorithm),
                    Q = new ECPoint { X = point[..half].ToArray(), Y = point[half..].ToArray() },
                });
            case AlgorithmFamily.Rsa:
                key.TryGetRsaParameters(out var modulus, out var exponent);
                return RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() });
            default:
                return null;
        }
    }

    public static bool Verify(AsymmetricAlgorithm verifier, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => verifier switch
    {
        ECDsa ecdsa => ecdsa.VerifyData(message, signature, HashName(algorithm), DSASignatureFormat.Rfc3279DerSequence),
        RSA rsa => rsa.VerifyData(message, signature, HashName(algorithm), Padding(algorithm)),
        _ => false,
    };

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
