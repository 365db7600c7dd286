using System.Formats.Asn1;
using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>
/// The private key of a composite: the ML-DSA seed, then the traditional key as its own standard encodes it (draft-ietf-lamps-pq-composite-sigs-19 §4.2,
/// appendix B): RSAPrivateKey (RFC 8017 §A.1.2), ECPrivateKey (RFC 5915 §3) with its curve and without the public key, or the octets of an EdDSA key (RFC 8032).
/// </summary>
internal static class CompositePrivateKey
{
    private const int SeedSize = 32;

    private static readonly Asn1Tag CurveTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>The halves as PrivateKeyInfo of their own, for their providers; the caller zeroizes them.</summary>
    /// <param name="privateKey">The content of the composite's privateKey OCTET STRING.</param>
    /// <exception cref="CryptographicException">It is shorter than a seed and a key.</exception>
    public static (byte[] MlDsa, byte[] Traditional) Split(KeyAlgorithm algorithm, ReadOnlySpan<byte> privateKey)
    {
        var parts = algorithm.Composite ?? throw new ArgumentException($"{algorithm} is not a composite.", nameof(algorithm));
        if (privateKey.Length <= SeedSize)
        {
            throw new CryptographicException($"A {algorithm} private key is a seed of {SeedSize} octets and a {parts.Traditional} key, not {privateKey.Length} octets.");
        }

        var traditional = Wrap(parts.Traditional, privateKey[SeedSize..]);
        try
        {
            return (LatticePrivateKey.WriteSeed(parts.MlDsa, privateKey[..SeedSize]), PrivateKeyInfo.Write(parts.Traditional, traditional));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(traditional);
        }
    }

    /// <summary>The composite's PrivateKeyInfo from those of its halves; the caller zeroizes it.</summary>
    /// <exception cref="CryptographicException">A half is not in a form that can be joined.</exception>
    public static byte[] Join(KeyAlgorithm algorithm, ReadOnlySpan<byte> mlDsa, ReadOnlySpan<byte> traditional)
    {
        var parts = algorithm.Composite ?? throw new ArgumentException($"{algorithm} is not a composite.", nameof(algorithm));
        var seed = LatticePrivateKey.Read(parts.MlDsa, PrivateKeyInfo.Read(mlDsa).PrivateKey).Seed;
        if (seed.IsEmpty)
        {
            throw new CryptographicException("The ML-DSA half of a composite private key is its seed (draft-ietf-lamps-pq-composite-sigs-19 §4.2); an expanded key cannot be written.");
        }

        var content = PrivateKeyInfo.Read(traditional).PrivateKey.ToArray();
        var bare = Unwrap(parts.Traditional, content);
        byte[] whole = [.. seed, .. bare];
        try
        {
            return PrivateKeyInfo.Write(algorithm, whole);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(bare);
            CryptographicOperations.ZeroMemory(whole);
        }
    }

    // EdDSA keys stand in a PrivateKeyInfo inside an OCTET STRING of their own (RFC 8410 §7), in a composite without it.
    private static byte[] Wrap(KeyAlgorithm traditional, ReadOnlySpan<byte> key)
    {
        if (traditional.Family != AlgorithmFamily.EdDsa)
        {
            return key.ToArray();
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(key);
        return writer.Encode();
    }

    private static byte[] Unwrap(KeyAlgorithm traditional, ReadOnlyMemory<byte> key) => traditional.Family switch
    {
        AlgorithmFamily.EdDsa => new AsnReader(key, AsnEncodingRules.DER).ReadOctetString(),
        AlgorithmFamily.Ecdsa => BareEcKey(traditional, key),
        _ => key.ToArray(), // a copy: the caller wipes both
    };

    // RFC 5915 §3 ECPrivateKey { 1, privateKey, [0] parameters }; the composite leaves [1] publicKey out.
    private static byte[] BareEcKey(KeyAlgorithm traditional, ReadOnlyMemory<byte> key)
    {
        var fields = new AsnReader(key, AsnEncodingRules.DER).ReadSequence();
        fields.ReadInteger();
        var scalar = fields.ReadOctetString();
        var identifier = new AsnReader(traditional.AlgorithmIdentifier, AsnEncodingRules.DER).ReadSequence();
        identifier.ReadObjectIdentifier();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteOctetString(scalar);
            using (writer.PushSequence(CurveTag))
            {
                writer.WriteEncodedValue(identifier.ReadEncodedValue().Span);
            }
        }

        CryptographicOperations.ZeroMemory(scalar);
        return writer.Encode();
    }
}
