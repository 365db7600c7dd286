namespace AgentPki.Cryptography;

/// <summary>
/// How a signature is made: the AlgorithmIdentifier that stands in a certificate, CRL, OCSP response or request.
/// </summary>
/// <remarks>A closed type; its instances are in <c>SignatureAlgorithm.Instances.cs</c>; see <see cref="KeyAlgorithm"/>.</remarks>
public sealed partial class SignatureAlgorithm
{
    private readonly byte[] _algorithmIdentifier;
    private readonly SignatureAlgorithm? _base;

    private SignatureAlgorithm(string name, AlgorithmFamily family, HashFunction hash, bool isPss, string oid, string algorithmIdentifierHex)
    {
        (Name, Family, Hash, IsPss, Oid) = (name, family, hash, isPss, oid);
        _algorithmIdentifier = Convert.FromHexString(algorithmIdentifierHex);
    }

    /// <summary>The half of a composite: as <paramref name="halfBase"/>, for keys of one composite alone.</summary>
    private SignatureAlgorithm(SignatureAlgorithm halfBase, KeyAlgorithm composite, KeyAlgorithm key, ReadOnlyMemory<byte> context)
    {
        (Name, Family, Hash, IsPss, Oid) = ($"{halfBase.Name} in {composite.Name}", halfBase.Family, halfBase.Hash, halfBase.IsPss, halfBase.Oid);
        (_algorithmIdentifier, _base, HalfOf, Key, Context) = (halfBase._algorithmIdentifier, halfBase, composite, key, context);
    }

    /// <summary>The one kind of key that makes this signature; null where every key of the family does (ECDSA, RSA).</summary>
    private KeyAlgorithm? Key { get; init; }

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

    /// <summary>
    /// The context string that both sides put into the signature (FIPS 204 §5.2, at most 255 octets). Empty for every algorithm that stands in a
    /// certificate (RFC 9881 §3, RFC 9909 §1); the ML-DSA half of a composite has the composite's label.
    /// </summary>
    public ReadOnlyMemory<byte> Context { get; private init; }

    /// <summary>The composite that this signature is half of; null for one that stands for itself.</summary>
    /// <remarks>Keys of purpose <see cref="KeyPurpose.CompositeHalf"/> make such signatures and no others, other keys never do (draft-ietf-lamps-pq-composite-sigs-19 §3.1, §9.3: no component key is used twice).</remarks>
    public KeyAlgorithm? HalfOf { get; private init; }

    /// <summary>For the half of a composite, the algorithm it is computed with, under which tokens and libraries know it; itself for every other.</summary>
    public SignatureAlgorithm Base => _base ?? this;

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
    public bool Fits(KeyAlgorithm key) => Key is null ? key.Family == Family : key == Key;

    internal static SignatureAlgorithm DefaultFor(KeyAlgorithm key) => key.Family switch
    {
        AlgorithmFamily.Ecdsa => key.SizeBits <= 256 ? EcdsaSha256 : EcdsaSha384,
        AlgorithmFamily.Rsa => RsaPkcs1Sha256,
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.Composite => ByKey[key],
        AlgorithmFamily.MlKem => throw new InvalidOperationException($"A key of kind {key} signs nothing."),
    };

    public override string ToString() => Name;
}
