using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>Which digest goes with which signature in CMS (RFC 5754, 5753 §7, 8419).</summary>
internal static class CmsDigest
{
    /// <summary>The digest that names a signature in digestAlgorithm: its own; SHA-512 for Ed25519 (RFC 8419 §2.3).</summary>
    public static HashFunction For(SignatureAlgorithm algorithm) => algorithm.Hash == HashFunction.None ? HashFunction.Sha512 : algorithm.Hash;

    public static byte[] Compute(HashFunction hash, ReadOnlySpan<byte> content) => hash switch
    {
        HashFunction.Sha256 => SHA256.HashData(content),
        HashFunction.Sha384 => SHA384.HashData(content),
        HashFunction.Sha512 => SHA512.HashData(content),
        HashFunction.None => throw new ArgumentException("No digest.", nameof(hash)),
    };

    /// <summary>
    /// signatureAlgorithm of a SignerInfo: a complete one, or rsaEncryption, which leaves the digest to digestAlgorithm (RFC 5754 §3.2: to be accepted).
    /// Null when it is unknown or contradicts the digest.
    /// </summary>
    public static SignatureAlgorithm? ReadSignatureAlgorithm(ref DerReader reader, HashFunction? digest)
    {
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref reader, "signatureAlgorithm", out var encoded);
        if (algorithm is null && AlgorithmIdentifiers.OidOf(encoded) == Oids.RsaEncryption)
        {
            return digest switch
            {
                HashFunction.Sha256 => SignatureAlgorithm.RsaPkcs1Sha256,
                HashFunction.Sha384 => SignatureAlgorithm.RsaPkcs1Sha384,
                HashFunction.Sha512 => SignatureAlgorithm.RsaPkcs1Sha512,
                _ => null,
            };
        }

        return algorithm is not null && For(algorithm) == digest ? algorithm : null;
    }

    public static void Write(DerWriter writer, HashFunction hash)
    {
        // RFC 5754 §2: parameters absent.
        using var identifier = writer.Sequence();
        writer.WriteOid(AlgorithmIdentifiers.OidOf(hash));
    }
}
