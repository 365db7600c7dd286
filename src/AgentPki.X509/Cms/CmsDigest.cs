using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>A message digest as CMS names it, and which one goes with which signature. Closed.</summary>
public sealed class CmsDigest
{
    private readonly Func<ReadOnlySpan<byte>, byte[]> _compute;

    private CmsDigest(string oid, int size, Func<ReadOnlySpan<byte>, byte[]> compute) => (Oid, Size, _compute) = (oid, size, compute);

    /// <summary>RFC 5754 §2.2.</summary>
    public static CmsDigest Sha256 { get; } = new(Oids.Sha256, 32, d => SHA256.HashData(d));

    /// <summary>RFC 5754 §2.3.</summary>
    public static CmsDigest Sha384 { get; } = new(Oids.Sha384, 48, d => SHA384.HashData(d));

    /// <summary>RFC 5754 §2.4.</summary>
    public static CmsDigest Sha512 { get; } = new(Oids.Sha512, 64, d => SHA512.HashData(d));

    /// <summary>RFC 8702 §3.1: SHAKE128 with 32 octets of output.</summary>
    public static CmsDigest Shake128 { get; } = new(Oids.Shake128, 32, d => System.Security.Cryptography.Shake128.HashData(d, 32));

    /// <summary>RFC 8702 §3.1: SHAKE256 with 64 octets of output.</summary>
    public static CmsDigest Shake256 { get; } = new(Oids.Shake256, 64, d => System.Security.Cryptography.Shake256.HashData(d, 64));

    public string Oid { get; }

    /// <summary>Octets of output.</summary>
    public int Size { get; }

    public override string ToString() => Oid;

    /// <summary>The digest that names a signature in digestAlgorithm, and that is in its signed attributes.</summary>
    public static CmsDigest For(SignatureAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa => Of(algorithm.Hash),
        AlgorithmFamily.EdDsa => Sha512, // RFC 8419 §2.3
        AlgorithmFamily.MlDsa => Sha512, // RFC 9882 §3.3: the one that everybody has
        AlgorithmFamily.SlhDsa => OfSlhDsa(algorithm),
        AlgorithmFamily.Composite => OfComposite(algorithm),
        AlgorithmFamily.MlKem => throw new ArgumentException($"{algorithm} is no signature.", nameof(algorithm)),
    };

    internal byte[] Compute(ReadOnlySpan<byte> content) => _compute(content);

    /// <summary>Reads a digestAlgorithm; null when it is not known here. Parameters absent or NULL are the same for SHA-2 (RFC 5754 §2); SHAKE has none (RFC 8702 §3.1).</summary>
    internal static CmsDigest? Read(ref DerReader reader)
    {
        var oid = AlgorithmIdentifiers.Read(ref reader, "digestAlgorithm", out var parameters);
        var digest = Array.Find([Sha256, Sha384, Sha512, Shake128, Shake256], d => d.Oid == oid);
        return parameters.IsEmpty || (AlgorithmIdentifiers.IsNull(parameters) && digest != Shake128 && digest != Shake256) ? digest : null;
    }

    /// <summary>
    /// signatureAlgorithm of a SignerInfo: a complete one, or rsaEncryption, which leaves the digest to digestAlgorithm (RFC 5754 §3.2: to be accepted).
    /// Null when it is unknown or contradicts the digest.
    /// </summary>
    /// <param name="attributesSigned">Whether there are signed attributes. Without them, ML-DSA signs the content itself and digestAlgorithm says nothing (RFC 9882 §3.3).</param>
    /// <param name="encoded">The AlgorithmIdentifier as it came.</param>
    internal static SignatureAlgorithm? ReadSignatureAlgorithm(ref DerReader reader, CmsDigest? digest, bool attributesSigned, out ReadOnlyMemory<byte> encoded)
    {
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref reader, "signatureAlgorithm", out encoded);
        if (algorithm is null && AlgorithmIdentifiers.OidOf(encoded) == Oids.RsaEncryption)
        {
            algorithm = digest == Sha256 ? SignatureAlgorithm.RsaPkcs1Sha256
                : digest == Sha384 ? SignatureAlgorithm.RsaPkcs1Sha384
                : digest == Sha512 ? SignatureAlgorithm.RsaPkcs1Sha512
                : null;
        }

        return algorithm is not null && (Fits(algorithm, digest) || (!attributesSigned && algorithm.Family == AlgorithmFamily.MlDsa)) ? algorithm : null;
    }

    /// <summary>RFC 5754 §2, RFC 8702 §3.1: parameters absent.</summary>
    internal void Write(DerWriter writer)
    {
        using var identifier = writer.Sequence();
        writer.WriteOid(Oid);
    }

    // A digest of at least twice the signature's strength keeps that strength (RFC 9882 §3.3 table 1; RFC 9814 §4: at least twice the tree's hash). For all others there is one.
    private static bool Fits(SignatureAlgorithm algorithm, CmsDigest? digest) => digest is not null && (algorithm.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa
        ? 8 * digest.Size >= 2 * KeyOf(algorithm).SecurityBits
        : digest == For(algorithm));

    private static CmsDigest Of(HashFunction hash) => hash switch
    {
        HashFunction.Sha256 => Sha256,
        HashFunction.Sha384 => Sha384,
        HashFunction.Sha512 => Sha512,
        HashFunction.None => throw new ArgumentException("No digest.", nameof(hash)),
    };

    // RFC 9814 §4: the function that the trees are made with.
    private static CmsDigest OfSlhDsa(SignatureAlgorithm algorithm) => (algorithm.Name.Contains("shake", StringComparison.Ordinal), KeyOf(algorithm).SecurityBits) switch
    {
        (false, 128) => Sha256,
        (false, _) => Sha512,
        (true, 128) => Shake128,
        (true, _) => Shake256,
    };

    // draft-ietf-lamps-cms-composite-sigs (January 2026), "SignerInfo Content": the composite's own pre-hash.
    private static CmsDigest OfComposite(SignatureAlgorithm algorithm) => KeyOf(algorithm).Composite?.PreHash switch
    {
        CompositePreHash.Sha256 => Sha256,
        CompositePreHash.Shake256 => Shake256,
        _ => Sha512,
    };

    // Kinds of keys with one signature give it their name.
    private static KeyAlgorithm KeyOf(SignatureAlgorithm algorithm) => KeyAlgorithm.Find(algorithm.Name) ?? throw new ArgumentException($"{algorithm} belongs to several kinds of keys.", nameof(algorithm));
}
