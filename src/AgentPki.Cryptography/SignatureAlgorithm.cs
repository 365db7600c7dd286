using System.Collections.Frozen;

namespace AgentPki.Cryptography;

/// <summary>
/// How a signature is made: the AlgorithmIdentifier that stands in a certificate, CRL, OCSP response or request.
/// </summary>
/// <remarks>A closed type; see <see cref="KeyAlgorithm"/>.</remarks>
public sealed class SignatureAlgorithm
{
    private readonly byte[] _algorithmIdentifier;

    private SignatureAlgorithm(string name, AlgorithmFamily family, HashFunction hash, bool isPss, string oid, string algorithmIdentifierHex)
    {
        (Name, Family, Hash, IsPss, Oid) = (name, family, hash, isPss, oid);
        _algorithmIdentifier = Convert.FromHexString(algorithmIdentifierHex);
    }

    /// <summary>The name used in profiles, configuration and output, for example <c>ecdsa-sha256</c>.</summary>
    public string Name { get; }

    public AlgorithmFamily Family { get; }

    /// <summary>The digest over the message; <see cref="HashFunction.None"/> where the whole message is signed.</summary>
    public HashFunction Hash { get; }

    /// <summary>True for RSASSA-PSS: MGF1 with the same hash, salt as long as the hash, trailer 0xBC (RFC 4055 §3.1).</summary>
    public bool IsPss { get; }

    /// <summary>The dotted OID of the AlgorithmIdentifier.</summary>
    public string Oid { get; }

    /// <summary>The complete DER AlgorithmIdentifier, parameters included as the standard wants them.</summary>
    public ReadOnlyMemory<byte> AlgorithmIdentifier => _algorithmIdentifier;

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
    public static SignatureAlgorithm Ed25519 { get; } = new("ed25519", AlgorithmFamily.EdDsa, HashFunction.None, false, "1.3.101.112", "300506032B6570");

    /// <summary>Every signature algorithm this build knows.</summary>
    public static IReadOnlyList<SignatureAlgorithm> All { get; } =
    [
        EcdsaSha256, EcdsaSha384, EcdsaSha512, RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512, RsaPssSha256, RsaPssSha384, RsaPssSha512, Ed25519,
    ];

    private static readonly FrozenDictionary<string, SignatureAlgorithm> ByName = All.ToFrozenDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>Finds an algorithm by its <see cref="Name"/>; null when this build knows none of that name.</summary>
    public static SignatureAlgorithm? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// Finds the algorithm whose DER AlgorithmIdentifier is exactly <paramref name="algorithmIdentifier"/>; null when it is
    /// unknown or its parameters are not the ones the standard fixes (a NULL where it must be absent, a short salt).
    /// </summary>
    public static SignatureAlgorithm? FromAlgorithmIdentifier(ReadOnlySpan<byte> algorithmIdentifier)
    {
        foreach (var candidate in All)
        {
            if (algorithmIdentifier.SequenceEqual(candidate._algorithmIdentifier))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Whether a key of <paramref name="key"/>'s kind can make this signature.</summary>
    public bool Fits(KeyAlgorithm key) => key.Family == Family;

    internal static SignatureAlgorithm DefaultFor(KeyAlgorithm key) => key.Family switch
    {
        AlgorithmFamily.Ecdsa => key.SizeBits <= 256 ? EcdsaSha256 : EcdsaSha384,
        AlgorithmFamily.Rsa => RsaPkcs1Sha256,
        AlgorithmFamily.EdDsa => Ed25519,
    };

    public override string ToString() => Name;
}
