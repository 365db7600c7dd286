using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// An <c>alg</c> of a JWS (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2, RFC 9964 §5), and how it maps to a <see cref="SignatureAlgorithm"/> and its form on the wire.
/// </summary>
/// <remarks>A closed type: what is not in <see cref="All"/> does not exist here, <c>none</c> in particular.</remarks>
public sealed class JwsAlgorithm
{
    // RFC 7518 §3.2: a key of the hash's size or larger must be used with HS256.
    private const int SmallestMacKey = SHA256.HashSizeInBytes;

    private readonly byte[] _name;
    private readonly KeyAlgorithm? _key;

    private JwsAlgorithm(string name, SignatureAlgorithm? signature, KeyAlgorithm? key) => (Name, _name, Signature, _key) = (name, Encoding.ASCII.GetBytes(name), signature, key);

    /// <summary>ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).</summary>
    public static JwsAlgorithm Es256 { get; } = new("ES256", SignatureAlgorithm.EcdsaSha256, KeyAlgorithm.EcdsaP256);

    /// <summary>ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).</summary>
    public static JwsAlgorithm Es384 { get; } = new("ES384", SignatureAlgorithm.EcdsaSha384, KeyAlgorithm.EcdsaP384);

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).</summary>
    public static JwsAlgorithm Rs256 { get; } = new("RS256", SignatureAlgorithm.RsaPkcs1Sha256, null);

    /// <summary>EdDSA, with Ed25519 alone (RFC 8037 §3.1).</summary>
    public static JwsAlgorithm EdDsa { get; } = new("EdDSA", SignatureAlgorithm.Ed25519, KeyAlgorithm.Ed25519);

    /// <summary>The same under the name that says which curve (RFC 9864 §2.2).</summary>
    public static JwsAlgorithm Ed25519 { get; } = new("Ed25519", SignatureAlgorithm.Ed25519, KeyAlgorithm.Ed25519);

    /// <summary>Pure ML-DSA-44 with an empty context (RFC 9964 §5).</summary>
    public static JwsAlgorithm MlDsa44 { get; } = new("ML-DSA-44", KeyAlgorithm.MlDsa44.DefaultSignature, KeyAlgorithm.MlDsa44);

    /// <summary>Pure ML-DSA-65 with an empty context (RFC 9964 §5).</summary>
    public static JwsAlgorithm MlDsa65 { get; } = new("ML-DSA-65", KeyAlgorithm.MlDsa65.DefaultSignature, KeyAlgorithm.MlDsa65);

    /// <summary>Pure ML-DSA-87 with an empty context (RFC 9964 §5).</summary>
    public static JwsAlgorithm MlDsa87 { get; } = new("ML-DSA-87", KeyAlgorithm.MlDsa87.DefaultSignature, KeyAlgorithm.MlDsa87);

    /// <summary>HMAC with SHA-256 (RFC 7518 §3.2): a MAC, for external account bindings alone (RFC 8555 §7.3.4).</summary>
    public static JwsAlgorithm Hs256 { get; } = new("HS256", null, null);

    /// <summary>Every algorithm this build knows, the MAC last.</summary>
    public static IReadOnlyList<JwsAlgorithm> All { get; } = [Es256, Es384, Rs256, EdDsa, Ed25519, MlDsa44, MlDsa65, MlDsa87, Hs256];

    /// <summary>Names of the signatures among <see cref="All"/>, as <c>badSignatureAlgorithm</c> lists them (RFC 8555 §6.2).</summary>
    public static IReadOnlyList<string> SignatureNames { get; } = [.. All.Where(a => !a.IsMac).Select(a => a.Name)];

    /// <summary>The value of <c>alg</c>.</summary>
    public string Name { get; }

    /// <summary>What is computed; null for a MAC.</summary>
    public SignatureAlgorithm? Signature { get; }

    /// <summary>Whether a shared secret makes it and no key pair.</summary>
    public bool IsMac => Signature is null;

    /// <summary>Finds an algorithm by its name, exactly; null when this build knows none of that name.</summary>
    public static JwsAlgorithm? Find(ReadOnlySpan<byte> name)
    {
        foreach (var algorithm in All)
        {
            if (name.SequenceEqual(algorithm._name))
            {
                return algorithm;
            }
        }

        return null;
    }

    /// <summary>The one signature that a key of that kind makes in JOSE; null when it makes none.</summary>
    public static JwsAlgorithm? For(KeyAlgorithm key)
    {
        foreach (var algorithm in All)
        {
            if (algorithm.Fits(key))
            {
                return algorithm;
            }
        }

        return null;
    }

    /// <summary>Whether a key of that kind makes this signature: ES256 goes with P-256 and no other curve (RFC 7518 §3.4).</summary>
    public bool Fits(KeyAlgorithm key) => Signature is not null && (_key is null ? Signature.Fits(key) : key == _key);

    /// <summary>Verifies a signature as it stands in a JWS; false for a MAC, a key of another kind, and whatever is wrong with the signature.</summary>
    public bool Verify(PublicKey key, ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature, CryptoProviders providers)
    {
        if (Signature is not { } algorithm || !Fits(key.Algorithm))
        {
            return false;
        }

        if (algorithm.Family != AlgorithmFamily.Ecdsa)
        {
            return providers.Verify(key, algorithm, signingInput, signature);
        }

        // RFC 7518 §3.4: r and s, each as long as the curve's field; any other length must not be accepted.
        return signature.Length == key.Algorithm.SizeBits / 4 && providers.Verify(key, algorithm, signingInput, EcdsaSignatureValue.FromConcatenation(signature));
    }

    /// <summary>Verifies a MAC in time that depends on lengths alone; false for a signature algorithm and for a key that is too short (RFC 7518 §3.2).</summary>
    public bool VerifyMac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> mac)
    {
        if (!IsMac || key.Length < SmallestMacKey)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signingInput, expected);
        return CryptographicOperations.FixedTimeEquals(expected, mac);
    }

    public override string ToString() => Name;
}
