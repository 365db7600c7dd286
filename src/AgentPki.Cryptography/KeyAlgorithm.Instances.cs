using System.Collections.Frozen;

namespace AgentPki.Cryptography;

// One file, because statics are initialised in its order: composites need their halves.
public sealed partial class KeyAlgorithm
{
    /// <summary>ECDSA on NIST P-256 (RFC 5480 §2.1.1.1 secp256r1).</summary>
    public static KeyAlgorithm EcdsaP256 { get; } = new("ecdsa-p256", AlgorithmFamily.Ecdsa, 256, 128, "1.2.840.10045.2.1", "301306072A8648CE3D020106082A8648CE3D030107") { PublicKeySize = 65 };

    /// <summary>ECDSA on NIST P-384 (RFC 5480 §2.1.1.1 secp384r1).</summary>
    public static KeyAlgorithm EcdsaP384 { get; } = new("ecdsa-p384", AlgorithmFamily.Ecdsa, 384, 192, "1.2.840.10045.2.1", "301006072A8648CE3D020106052B81040022") { PublicKeySize = 97 };

    /// <summary>RSA with a 2048-bit modulus: accepted as a subject key where a profile says so, never generated for a CA.</summary>
    public static KeyAlgorithm Rsa2048 { get; } = new("rsa-2048", AlgorithmFamily.Rsa, 2048, 112, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500") { SignatureSize = 256 };

    /// <summary>RSA with a 3072-bit modulus (RFC 3279 §2.3.1).</summary>
    public static KeyAlgorithm Rsa3072 { get; } = new("rsa-3072", AlgorithmFamily.Rsa, 3072, 128, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500") { SignatureSize = 384 };

    /// <summary>RSA with a 4096-bit modulus (RFC 3279 §2.3.1).</summary>
    public static KeyAlgorithm Rsa4096 { get; } = new("rsa-4096", AlgorithmFamily.Rsa, 4096, 140, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500") { SignatureSize = 512 };

    /// <summary>Ed25519 (RFC 8410 §3: parameters absent).</summary>
    public static KeyAlgorithm Ed25519 { get; } = new("ed25519", AlgorithmFamily.EdDsa, 256, 128, "1.3.101.112", "300506032B6570") { PublicKeySize = 32, SignatureSize = 64 };

    // RFC 9881 §2, FIPS 204 tables 1 and 2.

    /// <summary>ML-DSA-44 (FIPS 204; RFC 9881 §2: parameters absent).</summary>
    public static KeyAlgorithm MlDsa44 { get; } = MlDsa("ml-dsa-44", 17, level: 2, securityBits: 128, publicKey: 1312, signature: 2420);

    /// <summary>ML-DSA-65 (FIPS 204; RFC 9881 §2: parameters absent).</summary>
    public static KeyAlgorithm MlDsa65 { get; } = MlDsa("ml-dsa-65", 18, level: 3, securityBits: 192, publicKey: 1952, signature: 3309);

    /// <summary>ML-DSA-87 (FIPS 204; RFC 9881 §2: parameters absent).</summary>
    public static KeyAlgorithm MlDsa87 { get; } = MlDsa("ml-dsa-87", 19, level: 5, securityBits: 256, publicKey: 2592, signature: 4627);

    // RFC 9909 §3, FIPS 205 table 2: the twelve pure parameter sets.

    public static KeyAlgorithm SlhDsaSha2Small128 { get; } = SlhDsa("slh-dsa-sha2-128s", 20, level: 1, publicKey: 32, signature: 7856);
    public static KeyAlgorithm SlhDsaSha2Fast128 { get; } = SlhDsa("slh-dsa-sha2-128f", 21, level: 1, publicKey: 32, signature: 17088);
    public static KeyAlgorithm SlhDsaSha2Small192 { get; } = SlhDsa("slh-dsa-sha2-192s", 22, level: 3, publicKey: 48, signature: 16224);
    public static KeyAlgorithm SlhDsaSha2Fast192 { get; } = SlhDsa("slh-dsa-sha2-192f", 23, level: 3, publicKey: 48, signature: 35664);
    public static KeyAlgorithm SlhDsaSha2Small256 { get; } = SlhDsa("slh-dsa-sha2-256s", 24, level: 5, publicKey: 64, signature: 29792);
    public static KeyAlgorithm SlhDsaSha2Fast256 { get; } = SlhDsa("slh-dsa-sha2-256f", 25, level: 5, publicKey: 64, signature: 49856);
    public static KeyAlgorithm SlhDsaShakeSmall128 { get; } = SlhDsa("slh-dsa-shake-128s", 26, level: 1, publicKey: 32, signature: 7856);
    public static KeyAlgorithm SlhDsaShakeFast128 { get; } = SlhDsa("slh-dsa-shake-128f", 27, level: 1, publicKey: 32, signature: 17088);
    public static KeyAlgorithm SlhDsaShakeSmall192 { get; } = SlhDsa("slh-dsa-shake-192s", 28, level: 3, publicKey: 48, signature: 16224);
    public static KeyAlgorithm SlhDsaShakeFast192 { get; } = SlhDsa("slh-dsa-shake-192f", 29, level: 3, publicKey: 48, signature: 35664);
    public static KeyAlgorithm SlhDsaShakeSmall256 { get; } = SlhDsa("slh-dsa-shake-256s", 30, level: 5, publicKey: 64, signature: 29792);
    public static KeyAlgorithm SlhDsaShakeFast256 { get; } = SlhDsa("slh-dsa-shake-256f", 31, level: 5, publicKey: 64, signature: 49856);

    // RFC 9935 §3, FIPS 203 tables 2 and 3.

    /// <summary>ML-KEM-512 (FIPS 203; RFC 9935 §3: parameters absent).</summary>
    public static KeyAlgorithm MlKem512 { get; } = MlKem("ml-kem-512", 1, level: 1, securityBits: 128, publicKey: 800, ciphertext: 768);

    /// <summary>ML-KEM-768 (FIPS 203; RFC 9935 §3: parameters absent).</summary>
    public static KeyAlgorithm MlKem768 { get; } = MlKem("ml-kem-768", 2, level: 3, securityBits: 192, publicKey: 1184, ciphertext: 1088);

    /// <summary>ML-KEM-1024 (FIPS 203; RFC 9935 §3: parameters absent).</summary>
    public static KeyAlgorithm MlKem1024 { get; } = MlKem("ml-kem-1024", 3, level: 5, securityBits: 256, publicKey: 1568, ciphertext: 1568);

    /// <summary>
    /// RSA with a modulus of 2048 to 8192 bits of none of the sizes above: keys of others whose signatures are verified (an ACME client's account), never
    /// generated or certified here. Not in <see cref="All"/>, no profile can name it.
    /// </summary>
    public static KeyAlgorithm RsaOther { get; } = new("rsa-other", AlgorithmFamily.Rsa, 0, 112, "1.2.840.113549.1.1.1", "300D06092A864886F70D0101010500");

    // Kinds of keys that occur as the traditional half of a composite and nowhere else here: not in All, no profile can name them.

    /// <summary>ECDSA on NIST P-521 (RFC 5480 §2.1.1.1): half of a composite only.</summary>
    internal static KeyAlgorithm EcdsaP521 { get; } = new("ecdsa-p521", AlgorithmFamily.Ecdsa, 521, 256, "1.2.840.10045.2.1", "301006072A8648CE3D020106052B81040023") { PublicKeySize = 133 };

    /// <summary>ECDSA on brainpoolP256r1 (RFC 5639 §3.4): half of a composite only.</summary>
    internal static KeyAlgorithm EcdsaBrainpoolP256 { get; } = new("ecdsa-brainpoolp256r1", AlgorithmFamily.Ecdsa, 256, 128, "1.2.840.10045.2.1", "301406072A8648CE3D020106092B2403030208010107") { PublicKeySize = 65 };

    /// <summary>ECDSA on brainpoolP384r1 (RFC 5639 §3.6): half of a composite only.</summary>
    internal static KeyAlgorithm EcdsaBrainpoolP384 { get; } = new("ecdsa-brainpoolp384r1", AlgorithmFamily.Ecdsa, 384, 192, "1.2.840.10045.2.1", "301406072A8648CE3D020106092B240303020801010B") { PublicKeySize = 97 };

    /// <summary>Ed448 (RFC 8410 §3): half of a composite only.</summary>
    internal static KeyAlgorithm Ed448 { get; } = new("ed448", AlgorithmFamily.EdDsa, 456, 224, "1.3.101.113", "300506032B6571") { PublicKeySize = 57, SignatureSize = 114 };

    // draft-ietf-lamps-pq-composite-sigs-19 §6: 1.3.6.1.5.5.7.6.37 to .54.

    public static KeyAlgorithm MlDsa44Rsa2048Pss { get; } = Combine("mldsa44-rsa2048-pss", 37, MlDsa44, Rsa2048, "MLDSA44-RSA2048-PSS-SHA256");
    public static KeyAlgorithm MlDsa44Rsa2048Pkcs15 { get; } = Combine("mldsa44-rsa2048-pkcs15", 38, MlDsa44, Rsa2048, "MLDSA44-RSA2048-PKCS15-SHA256");
    public static KeyAlgorithm MlDsa44Ed25519 { get; } = Combine("mldsa44-ed25519", 39, MlDsa44, Ed25519, "MLDSA44-Ed25519-SHA512");
    public static KeyAlgorithm MlDsa44EcdsaP256 { get; } = Combine("mldsa44-ecdsa-p256", 40, MlDsa44, EcdsaP256, "MLDSA44-ECDSA-P256-SHA256");
    public static KeyAlgorithm MlDsa65Rsa3072Pss { get; } = Combine("mldsa65-rsa3072-pss", 41, MlDsa65, Rsa3072, "MLDSA65-RSA3072-PSS-SHA512");
    public static KeyAlgorithm MlDsa65Rsa3072Pkcs15 { get; } = Combine("mldsa65-rsa3072-pkcs15", 42, MlDsa65, Rsa3072, "MLDSA65-RSA3072-PKCS15-SHA512");
    public static KeyAlgorithm MlDsa65Rsa4096Pss { get; } = Combine("mldsa65-rsa4096-pss", 43, MlDsa65, Rsa4096, "MLDSA65-RSA4096-PSS-SHA512");
    public static KeyAlgorithm MlDsa65Rsa4096Pkcs15 { get; } = Combine("mldsa65-rsa4096-pkcs15", 44, MlDsa65, Rsa4096, "MLDSA65-RSA4096-PKCS15-SHA512");
    public static KeyAlgorithm MlDsa65EcdsaP256 { get; } = Combine("mldsa65-ecdsa-p256", 45, MlDsa65, EcdsaP256, "MLDSA65-ECDSA-P256-SHA512");
    public static KeyAlgorithm MlDsa65EcdsaP384 { get; } = Combine("mldsa65-ecdsa-p384", 46, MlDsa65, EcdsaP384, "MLDSA65-ECDSA-P384-SHA512");
    public static KeyAlgorithm MlDsa65EcdsaBrainpoolP256 { get; } = Combine("mldsa65-ecdsa-brainpoolp256r1", 47, MlDsa65, EcdsaBrainpoolP256, "MLDSA65-ECDSA-BP256-SHA512");
    public static KeyAlgorithm MlDsa65Ed25519 { get; } = Combine("mldsa65-ed25519", 48, MlDsa65, Ed25519, "MLDSA65-Ed25519-SHA512");
    public static KeyAlgorithm MlDsa87EcdsaP384 { get; } = Combine("mldsa87-ecdsa-p384", 49, MlDsa87, EcdsaP384, "MLDSA87-ECDSA-P384-SHA512");
    public static KeyAlgorithm MlDsa87EcdsaBrainpoolP384 { get; } = Combine("mldsa87-ecdsa-brainpoolp384r1", 50, MlDsa87, EcdsaBrainpoolP384, "MLDSA87-ECDSA-BP384-SHA512");
    public static KeyAlgorithm MlDsa87Ed448 { get; } = Combine("mldsa87-ed448", 51, MlDsa87, Ed448, "MLDSA87-Ed448-SHAKE256");
    public static KeyAlgorithm MlDsa87Rsa3072Pss { get; } = Combine("mldsa87-rsa3072-pss", 52, MlDsa87, Rsa3072, "MLDSA87-RSA3072-PSS-SHA512");
    public static KeyAlgorithm MlDsa87Rsa4096Pss { get; } = Combine("mldsa87-rsa4096-pss", 53, MlDsa87, Rsa4096, "MLDSA87-RSA4096-PSS-SHA512");
    public static KeyAlgorithm MlDsa87EcdsaP521 { get; } = Combine("mldsa87-ecdsa-p521", 54, MlDsa87, EcdsaP521, "MLDSA87-ECDSA-P521-SHA512");

    /// <summary>Every key algorithm this build knows, classical ones first; halves of composites that are nothing else are not among them.</summary>
    public static IReadOnlyList<KeyAlgorithm> All { get; } =
    [
        EcdsaP256, EcdsaP384, Rsa2048, Rsa3072, Rsa4096, Ed25519,
        MlDsa44, MlDsa65, MlDsa87,
        SlhDsaSha2Small128, SlhDsaSha2Fast128, SlhDsaSha2Small192, SlhDsaSha2Fast192, SlhDsaSha2Small256, SlhDsaSha2Fast256,
        SlhDsaShakeSmall128, SlhDsaShakeFast128, SlhDsaShakeSmall192, SlhDsaShakeFast192, SlhDsaShakeSmall256, SlhDsaShakeFast256,
        MlKem512, MlKem768, MlKem1024,
        MlDsa44Rsa2048Pss, MlDsa44Rsa2048Pkcs15, MlDsa44Ed25519, MlDsa44EcdsaP256,
        MlDsa65Rsa3072Pss, MlDsa65Rsa3072Pkcs15, MlDsa65Rsa4096Pss, MlDsa65Rsa4096Pkcs15, MlDsa65EcdsaP256, MlDsa65EcdsaP384, MlDsa65EcdsaBrainpoolP256, MlDsa65Ed25519,
        MlDsa87EcdsaP384, MlDsa87EcdsaBrainpoolP384, MlDsa87Ed448, MlDsa87Rsa3072Pss, MlDsa87Rsa4096Pss, MlDsa87EcdsaP521,
    ];

    internal static IReadOnlyList<KeyAlgorithm> AllWithHalves { get; } = [.. All, EcdsaP521, EcdsaBrainpoolP256, EcdsaBrainpoolP384, Ed448];

    internal static IReadOnlyList<KeyAlgorithm> AllForVerification { get; } = [.. All, RsaOther];

    private static readonly FrozenDictionary<string, KeyAlgorithm> ByName = All.ToFrozenDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>The kinds of keys that occur as the traditional half of a composite and nowhere else.</summary>
    public static IReadOnlyList<KeyAlgorithm> HalvesOnly { get; } = [EcdsaP521, EcdsaBrainpoolP256, EcdsaBrainpoolP384, Ed448];

    /// <summary>As <see cref="Find"/>, and <see cref="HalvesOnly"/> too: for those who keep halves of composites.</summary>
    public static KeyAlgorithm? FindWithHalves(string name) => Find(name) ?? HalvesOnly.FirstOrDefault(a => string.Equals(a.Name, name, StringComparison.Ordinal));

    /// <summary>Finds an algorithm by its <see cref="Name"/>; null when this build knows none of that name.</summary>
    public static KeyAlgorithm? Find(string name) => ByName.GetValueOrDefault(name);

    // The arc 2.16.840.1.101.3.4.3 holds NIST's signature algorithms, …4.4 its key encapsulations; identifiers have no parameters.
    private static KeyAlgorithm MlDsa(string name, int arc, int level, int securityBits, int publicKey, int signature) =>
        new(name, AlgorithmFamily.MlDsa, 8 * publicKey, securityBits, $"2.16.840.1.101.3.4.3.{arc}", $"300B06096086480165030403{arc:X2}")
        {
            NistLevel = level,
            PublicKeySize = publicKey,
            SignatureSize = signature,
        };

    private static KeyAlgorithm SlhDsa(string name, int arc, int level, int publicKey, int signature) =>
        new(name, AlgorithmFamily.SlhDsa, 8 * publicKey, 4 * publicKey, $"2.16.840.1.101.3.4.3.{arc}", $"300B06096086480165030403{arc:X2}")
        {
            NistLevel = level,
            PublicKeySize = publicKey,
            SignatureSize = signature,
        };

    private static KeyAlgorithm MlKem(string name, int arc, int level, int securityBits, int publicKey, int ciphertext) =>
        new(name, AlgorithmFamily.MlKem, 8 * publicKey, securityBits, $"2.16.840.1.101.3.4.4.{arc}", $"300B06096086480165030404{arc:X2}")
        {
            NistLevel = level,
            PublicKeySize = publicKey,
            CiphertextSize = ciphertext,
        };

    private static KeyAlgorithm Combine(string name, int arc, KeyAlgorithm mlDsa, KeyAlgorithm traditional, string label) =>
        new(
            name,
            AlgorithmFamily.Composite,
            traditional.PublicKeySize == 0 ? 0 : 8 * (mlDsa.PublicKeySize + traditional.PublicKeySize),
            mlDsa.SecurityBits,
            $"1.3.6.1.5.5.7.6.{arc}",
            $"300A06082B060105050706{arc:X2}")
        {
            NistLevel = mlDsa.NistLevel,
            PublicKeySize = traditional.PublicKeySize == 0 ? 0 : mlDsa.PublicKeySize + traditional.PublicKeySize,
            SignatureSize = traditional.SignatureSize == 0 ? 0 : mlDsa.SignatureSize + traditional.SignatureSize,
            Composite = new CompositeDefinition(mlDsa, traditional, "COMPSIG-" + label),
        };
}
