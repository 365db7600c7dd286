using System.Collections.Frozen;

namespace AgentPki.Cryptography;

// One file, because statics are initialised in its order.
public sealed partial class SignatureAlgorithm
{
    // RFC 5758 §3.2: parameters absent.
    public static SignatureAlgorithm EcdsaSha256 { get; } = new("ecdsa-sha256", AlgorithmFamily.Ecdsa, HashFunction.Sha256, false, "1.2.840.10045.4.3.2", "300A06082A8648CE3D040302");
    public static SignatureAlgorithm EcdsaSha384 { get; } = new("ecdsa-sha384", AlgorithmFamily.Ecdsa, HashFunction.Sha384, false, "1.2.840.10045.4.3.3", "300A06082A8648CE3D040303");
    public static SignatureAlgorithm EcdsaSha512 { get; } = new("ecdsa-sha512", AlgorithmFamily.Ecdsa, HashFunction.Sha512, false, "1.2.840.10045.4.3.4", "300A06082A8648CE3D040304");

    // RFC 4055 §5: parameters NULL.
    public static SignatureAlgorithm RsaPkcs1Sha256 { get; } = new("rsa-pkcs1-sha256", AlgorithmFamily.Rsa, HashFunction.Sha256, false, "1.2.840.113549.1.1.11", "300D06092A864886F70D01010B0500");
    public static SignatureAlgorithm RsaPkcs1Sha384 { get; } = new("rsa-pkcs1-sha384", AlgorithmFamily.Rsa, HashFunction.Sha384, false, "1.2.840.113549.1.1.12", "300D06092A864886F70D01010C0500");
    public static SignatureAlgorithm RsaPkcs1Sha512 { get; } = new("rsa-pkcs1-sha512", AlgorithmFamily.Rsa, HashFunction.Sha512, false, "1.2.840.113549.1.1.13", "300D06092A864886F70D01010D0500");

    // RFC 4055 §3.1, explicit parameters for the hash, MGF1 with that hash, and a salt as long as the hash.
    public static SignatureAlgorithm RsaPssSha256 { get; } = new("rsa-pss-sha256", AlgorithmFamily.Rsa, HashFunction.Sha256, true, "1.2.840.113549.1.1.10", "304106092A864886F70D01010A3034A00F300D06096086480165030402010500A11C301A06092A864886F70D010108300D06096086480165030402010500A203020120");
    public static SignatureAlgorithm RsaPssSha384 { get; } = new("rsa-pss-sha384", AlgorithmFamily.Rsa, HashFunction.Sha384, true, "1.2.840.113549.1.1.10", "304106092A864886F70D01010A3034A00F300D06096086480165030402020500A11C301A06092A864886F70D010108300D06096086480165030402020500A203020130");
    public static SignatureAlgorithm RsaPssSha512 { get; } = new("rsa-pss-sha512", AlgorithmFamily.Rsa, HashFunction.Sha512, true, "1.2.840.113549.1.1.10", "304106092A864886F70D01010A3034A00F300D06096086480165030402030500A11C301A06092A864886F70D010108300D06096086480165030402030500A203020140");

    // RFC 8410 §3: parameters absent.
    public static SignatureAlgorithm Ed25519 { get; } = new("ed25519", AlgorithmFamily.EdDsa, HashFunction.None, false, "1.3.101.112", "300506032B6570") { Key = KeyAlgorithm.Ed25519 };

    /// <summary>Ed448 (RFC 8032 §5.2): in composites only, not in <see cref="All"/>.</summary>
    internal static SignatureAlgorithm Ed448 { get; } = new("ed448", AlgorithmFamily.EdDsa, HashFunction.None, false, "1.3.101.113", "300506032B6571") { Key = KeyAlgorithm.Ed448 };

    /// <summary>
    /// Every signature algorithm this build knows. Beyond those above, the kinds of keys that make one signature only: ML-DSA (RFC 9881 §2), SLH-DSA
    /// (RFC 9909 §3) and composites (draft-ietf-lamps-pq-composite-sigs-19 §6) have one identifier, without parameters, for key and signature. Halves of composites are not among them.
    /// </summary>
    public static IReadOnlyList<SignatureAlgorithm> All { get; } =
    [
        EcdsaSha256, EcdsaSha384, EcdsaSha512, RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512, RsaPssSha256, RsaPssSha384, RsaPssSha512, Ed25519,
        .. KeyAlgorithm.All
            .Where(k => k.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.Composite)
            .Select(k => new SignatureAlgorithm(k.Name, k.Family, HashFunction.None, false, k.Oid, Convert.ToHexString(k.AlgorithmIdentifier.Span)) { Key = k }),
    ];

    private static readonly FrozenDictionary<string, SignatureAlgorithm> ByName = All.ToFrozenDictionary(a => a.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<KeyAlgorithm, SignatureAlgorithm> ByKey = All
        .SelectMany(a => a.Key is { } key ? new[] { KeyValuePair.Create(key, a) } : [])
        .ToFrozenDictionary();

    private static readonly FrozenDictionary<KeyAlgorithm, SignatureAlgorithm> MlDsaHalves = KeyAlgorithm.All
        .SelectMany(k => k.Composite is { } parts ? new[] { KeyValuePair.Create(k, new SignatureAlgorithm(ByKey[parts.MlDsa], k, parts.MlDsa, parts.Label)) } : [])
        .ToFrozenDictionary();

    private static readonly FrozenDictionary<KeyAlgorithm, SignatureAlgorithm> TraditionalHalves = KeyAlgorithm.All
        .SelectMany(k => k.Composite is { } parts ? new[] { KeyValuePair.Create(k, new SignatureAlgorithm(TraditionalBase(parts), k, parts.Traditional, default)) } : [])
        .ToFrozenDictionary();

    /// <summary>Finds an algorithm by its <see cref="Name"/>; null when this build knows none of that name.</summary>
    public static SignatureAlgorithm? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What the ML-DSA half of a composite key signs with: pure ML-DSA whose context is the composite's label.</summary>
    /// <exception cref="KeyNotFoundException">Not a composite.</exception>
    public static SignatureAlgorithm MlDsaHalfOf(KeyAlgorithm composite) => MlDsaHalves[composite];

    /// <summary>What the traditional half of a composite key signs with.</summary>
    /// <exception cref="KeyNotFoundException">Not a composite.</exception>
    public static SignatureAlgorithm TraditionalHalfOf(KeyAlgorithm composite) => TraditionalHalves[composite];

    // draft-ietf-lamps-pq-composite-sigs-19 §6: each curve with the hash of its own size; RSA-4096 with SHA-384, smaller RSA with SHA-256.
    private static SignatureAlgorithm TraditionalBase(CompositeDefinition parts) => (parts.Traditional.Family, parts.Traditional.SizeBits) switch
    {
        (AlgorithmFamily.Ecdsa, 256) => EcdsaSha256,
        (AlgorithmFamily.Ecdsa, 384) => EcdsaSha384,
        (AlgorithmFamily.Ecdsa, _) => EcdsaSha512,
        (AlgorithmFamily.Rsa, 4096) => parts.LabelText.Contains("PSS", StringComparison.Ordinal) ? RsaPssSha384 : RsaPkcs1Sha384,
        (AlgorithmFamily.Rsa, _) => parts.LabelText.Contains("PSS", StringComparison.Ordinal) ? RsaPssSha256 : RsaPkcs1Sha256,
        _ => parts.Traditional == KeyAlgorithm.Ed448 ? Ed448 : Ed25519,
    };
}
