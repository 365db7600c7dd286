using System.Collections.Frozen;

namespace AgentPki.Cryptography;

/// <summary>
/// The kind of a key: what is generated, what a SubjectPublicKeyInfo carries, and which signatures it can make.
/// </summary>
/// <remarks>
/// A closed type: the instances below are all there are, so that no code outside this project and
/// <c>Pkcs11/Mechanism</c> needs to switch on an algorithm. Adding one is one static here, one or more in
/// <see cref="SignatureAlgorithm"/>, and its vectors.
/// </remarks>
public sealed class KeyAlgorithm
{
    private readonly byte[] _algorithmIdentifier;

    private KeyAlgorithm(string name, AlgorithmFamily family, int sizeBits, int securityBits, string oid, string algorithmIdentifierHex)
    {
        (Name, Family, SizeBits, SecurityBits, Oid) = (name, family, sizeBits, securityBits, oid);
        _algorithmIdentifier = Convert.FromHexString(algorithmIdentifierHex);
    }

    /// <summary>The name used in profiles, configuration and output, for example <c>ecdsa-p256</c>.</summary>
    public string Name { get; }

    public AlgorithmFamily Family { get; }

    /// <summary>Curve or modulus size in bits.</summary>
    public int SizeBits { get; }

    /// <summary>Classical security strength in bits (NIST SP 800-57 part 1, table 2).</summary>
    public int SecurityBits { get; }

    /// <summary>The dotted OID of the SubjectPublicKeyInfo algorithm (for EC: id-ecPublicKey, not the curve).</summary>
    public string Oid { get; }

    /// <summary>The DER AlgorithmIdentifier of a SubjectPublicKeyInfo with this key (RFC 5480, 3279 §2.3.1, 8410 §3).</summary>
    public ReadOnlyMemory<byte> AlgorithmIdentifier => _algorithmIdentifier;

    /// <summary>The signature algorithm a CA uses with this key unless its configuration names another that fits.</summary>
    public SignatureAlgorithm DefaultSignature => SignatureAlgorithm.DefaultFor(this);

    /// <summary>ECDSA on NIST P-256 (RFC 5480 §2.1.1.1 secp256r1).</summary>
    public static KeyAlgorithm EcdsaP256 { get; } = new("ecdsa-p256", AlgorithmFamily.Ecdsa, 256, 128, "1.2.840.10045.2.1", "301306072A8648CE3D020106082A8648CE3D030107");

    /// <summary>ECDSA on NIST P-384 (RFC 5480 §2.1.1.1 secp384r1).</summary>
    public static KeyAlgorithm EcdsaP384 { get; } = new("ecdsa-p384", AlgorithmFamily.Ecdsa, 384, 192, "1.2.840.10045.2.1", "301006072A8648CE3D020106052B81040022");

    /// <summary>RSA with a 2048-bit modulus: accepted as a subject key where a profile says so, never generated for a CA.</summary>
    public static KeyAlgorithm Rsa2048 { get; } = new("rsa-2048", AlgorithmFamily.Rsa, 2048, 112, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500");

    /// <summary>RSA with a 3072-bit modulus (RFC 3279 §2.3.1).</summary>
    public static KeyAlgorithm Rsa3072 { get; } = new("rsa-3072", AlgorithmFamily.Rsa, 3072, 128, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500");

    /// <summary>RSA with a 4096-bit modulus (RFC 3279 §2.3.1).</summary>
    public static KeyAlgorithm Rsa4096 { get; } = new("rsa-4096", AlgorithmFamily.Rsa, 4096, 140, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500");

    /// <summary>Ed25519 (RFC 8410 §3: parameters absent).</summary>
    public static KeyAlgorithm Ed25519 { get; } = new("ed25519", AlgorithmFamily.EdDsa, 256, 128, "1.3.101.112", "300506032B6570");

    /// <summary>Every key algorithm this build knows.</summary>
    public static IReadOnlyList<KeyAlgorithm> All { get; } = [EcdsaP256, EcdsaP384, Rsa2048, Rsa3072, Rsa4096, Ed25519];

    private static readonly FrozenDictionary<string, KeyAlgorithm> ByName = All.ToFrozenDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>Finds an algorithm by its <see cref="Name"/>; null when this build knows none of that name.</summary>
    public static KeyAlgorithm? Find(string name) => ByName.GetValueOrDefault(name);

    public override string ToString() => Name;
}
