namespace AgentPki.Cryptography;

/// <summary>
/// The kind of a key: what is generated, what a SubjectPublicKeyInfo carries, and which signatures it can make.
/// </summary>
/// <remarks>
/// A closed type: the instances in <c>KeyAlgorithm.Instances.cs</c> are all there are, so that no code outside this project and
/// <c>Pkcs11/Mechanism</c> needs to switch on an algorithm. Adding one is one static there, one or more in
/// <see cref="SignatureAlgorithm"/>, and its vectors.
/// </remarks>
public sealed partial class KeyAlgorithm
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

    /// <summary>Curve or modulus size in bits; for the others the size of the encoded public key, eight bits to the octet (0 where it varies).</summary>
    public int SizeBits { get; }

    /// <summary>Classical security strength in bits (NIST SP 800-57 part 1, table 2; for post-quantum ones that of the AES or SHA they are held against).</summary>
    public int SecurityBits { get; }

    /// <summary>The security category of NIST's call for post-quantum algorithms, 1 to 5 (FIPS 203 appendix A, FIPS 204 table 1, FIPS 205 table 2); 0 for an algorithm that a quantum computer breaks.</summary>
    public int NistLevel { get; private init; }

    /// <summary>The exact octets of the subjectPublicKey BIT STRING's content; 0 where they vary (RSA, composites with RSA).</summary>
    public int PublicKeySize { get; private init; }

    /// <summary>The octets of a signature; 0 where they vary (ECDSA's DER, composites of it) or where there is none (ML-KEM).</summary>
    public int SignatureSize { get; private init; }

    /// <summary>The octets of an encapsulation (FIPS 203 table 3); 0 for what does not encapsulate.</summary>
    public int CiphertextSize { get; private init; }

    /// <summary>The two algorithms a composite is made of; null for every other.</summary>
    public CompositeDefinition? Composite { get; private init; }

    /// <summary>Whether breaking it takes more than a quantum computer, for all that is known.</summary>
    public bool IsQuantumSafe => NistLevel > 0;

    /// <summary>Whether a key of this kind makes signatures; false for key encapsulation.</summary>
    public bool CanSign => Family != AlgorithmFamily.MlKem;

    /// <summary>Whether a key of this kind is encapsulated to (FIPS 203 §7).</summary>
    public bool CanEncapsulate => Family == AlgorithmFamily.MlKem;

    /// <summary>Whether a key of this kind may be used for ECDH here (<see cref="IAgreementKey"/>).</summary>
    public bool CanAgree => this == EcdsaP256 || this == EcdsaP384;

    /// <summary>The dotted OID of the SubjectPublicKeyInfo algorithm (for EC: id-ecPublicKey, not the curve).</summary>
    public string Oid { get; }

    /// <summary>The DER AlgorithmIdentifier of a SubjectPublicKeyInfo with this key (RFC 5480, 3279 §2.3.1, 8410 §3, 9881 §2, 9909 §3, 9935 §3).</summary>
    public ReadOnlyMemory<byte> AlgorithmIdentifier => _algorithmIdentifier;

    /// <summary>The signature algorithm a CA uses with this key unless its configuration names another that fits.</summary>
    /// <exception cref="InvalidOperationException">A key of this kind signs nothing (<see cref="CanSign"/>).</exception>
    public SignatureAlgorithm DefaultSignature => SignatureAlgorithm.DefaultFor(this);

    public override string ToString() => Name;
}
