using System.Formats.Asn1;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.PrivateKeys;

/// <summary>
/// The privateKey of ML-DSA (RFC 9881 §6) and ML-KEM (RFC 9935 §6): a CHOICE of the seed, of the expanded key of FIPS 204 and 203, and of both.
/// Views of somebody else's octets.
/// </summary>
internal readonly ref struct LatticePrivateKey
{
    private static readonly Asn1Tag SeedTag = new(TagClass.ContextSpecific, 0);

    private LatticePrivateKey(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> expanded)
    {
        Seed = seed;
        Expanded = expanded;
    }

    /// <summary>32 octets of ML-DSA (ξ, FIPS 204 §5.1), 64 of ML-KEM (d ‖ z, FIPS 203 §7.1); empty when only the expanded key is known.</summary>
    public ReadOnlySpan<byte> Seed { get; }

    /// <summary>The private key as FIPS 204 algorithm 24 or FIPS 203 §7.1 (dk) encodes it; empty when the seed stands alone.</summary>
    public ReadOnlySpan<byte> Expanded { get; }

    public static int SeedSize(KeyAlgorithm algorithm) => algorithm.Family == AlgorithmFamily.MlDsa ? 32 : 64;

    /// <summary>FIPS 204 table 2; FIPS 203 table 3, where the decapsulation key is two encapsulation keys less one seed, and two hashes' worth more.</summary>
    public static int ExpandedSize(KeyAlgorithm algorithm) =>
        algorithm.Family == AlgorithmFamily.MlKem ? (2 * algorithm.PublicKeySize) + 32
        : algorithm == KeyAlgorithm.MlDsa44 ? 2560
        : algorithm == KeyAlgorithm.MlDsa65 ? 4032
        : 4896;

    /// <exception cref="CryptographicException">Not that CHOICE, or of the wrong length.</exception>
    public static LatticePrivateKey Read(KeyAlgorithm algorithm, ReadOnlySpan<byte> der)
    {
        try
        {
            var tag = Asn1Tag.Decode(der, out _);
            ReadOnlySpan<byte> seed = [], expanded = [];
            int consumed;
            if (tag == SeedTag)
            {
                seed = PrivateKeyInfo.Content(der, SeedTag, out consumed);
            }
            else if (tag == Asn1Tag.PrimitiveOctetString)
            {
                expanded = PrivateKeyInfo.Content(der, Asn1Tag.PrimitiveOctetString, out consumed);
            }
            else
            {
                var both = PrivateKeyInfo.Content(der, Asn1Tag.Sequence, out consumed);
                seed = PrivateKeyInfo.Content(both, Asn1Tag.PrimitiveOctetString, out var first);
                expanded = PrivateKeyInfo.Content(both[first..], Asn1Tag.PrimitiveOctetString, out var second);
                consumed = first + second == both.Length ? consumed : -1;
            }

            return consumed == der.Length && (seed.Length == SeedSize(algorithm) || (seed.IsEmpty && tag == Asn1Tag.PrimitiveOctetString)) && (expanded.Length == ExpandedSize(algorithm) || tag == SeedTag)
                ? new LatticePrivateKey(seed, expanded)
                : throw new CryptographicException($"The {algorithm} private key has not the length that {Section(algorithm)} gives its form.");
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException($"The {algorithm} private key is neither a seed nor an expanded key nor both ({Section(algorithm)}).", e);
        }
    }

    /// <summary>The PrivateKeyInfo that holds the seed alone, the form that both standards recommend.</summary>
    public static byte[] WriteSeed(KeyAlgorithm algorithm, ReadOnlySpan<byte> seed) => Write(algorithm, SeedTag, seed);

    /// <summary>The PrivateKeyInfo that holds the expanded key, for keys that came without their seed.</summary>
    public static byte[] WriteExpanded(KeyAlgorithm algorithm, ReadOnlySpan<byte> expanded) => Write(algorithm, Asn1Tag.PrimitiveOctetString, expanded);

    /// <summary>Compares the expanded key that came beside the seed, if any, with what the seed expands to.</summary>
    /// <exception cref="CryptographicException">They differ.</exception>
    public void CheckExpanded(KeyAlgorithm algorithm, ReadOnlySpan<byte> expandedSeed)
    {
        if (!Expanded.IsEmpty && !CryptographicOperations.FixedTimeEquals(Expanded, expandedSeed))
        {
            throw new CryptographicException($"The seed of this {algorithm} private key does not expand to the expanded key beside it ({Section(algorithm)}): find out which of them is the key, and use that form alone.");
        }
    }

    /// <summary>The text for an expanded key whose parts contradict each other.</summary>
    public static CryptographicException Inconsistent(KeyAlgorithm algorithm, Exception? inner = null) =>
        new($"The parts of this expanded {algorithm} private key contradict each other ({Section(algorithm)}): use the key's seed, or another copy of the key.", inner);

    private static string Section(KeyAlgorithm algorithm) => algorithm.Family == AlgorithmFamily.MlDsa ? "RFC 9881 §6" : "RFC 9935 §6";

    private static byte[] Write(KeyAlgorithm algorithm, Asn1Tag tag, ReadOnlySpan<byte> octets)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, octets.Length + 16);
        writer.WriteOctetString(octets, tag);
        var choice = writer.Encode();
        try
        {
            return PrivateKeyInfo.Write(algorithm, choice);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(choice);
            writer.Reset();
        }
    }
}
