using System.Formats.Asn1;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.PrivateKeys;

/// <summary>A PrivateKeyInfo, also called OneAsymmetricKey (RFC 5958 §2), as views of its octets: no copy of the secret is made.</summary>
internal readonly ref struct PrivateKeyInfo
{
    private PrivateKeyInfo(ReadOnlySpan<byte> algorithmIdentifier, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey)
    {
        AlgorithmIdentifier = algorithmIdentifier;
        PrivateKey = privateKey;
        PublicKeyBits = publicKey;
    }

    public ReadOnlySpan<byte> AlgorithmIdentifier { get; }

    /// <summary>What the privateKey OCTET STRING holds.</summary>
    public ReadOnlySpan<byte> PrivateKey { get; }

    /// <summary>What the optional publicKey BIT STRING holds; empty when it is absent.</summary>
    public ReadOnlySpan<byte> PublicKeyBits { get; }

    /// <summary>The kind of key; null where the identifier is not exactly that of one kind (RSA keys of every size share theirs).</summary>
    public KeyAlgorithm? Algorithm
    {
        get
        {
            foreach (var candidate in KeyAlgorithm.AllWithHalves)
            {
                if (candidate.Family != AlgorithmFamily.Rsa && AlgorithmIdentifier.SequenceEqual(candidate.AlgorithmIdentifier.Span))
                {
                    return candidate;
                }
            }

            return null;
        }
    }

    /// <exception cref="CryptographicException">Not a PrivateKeyInfo in DER.</exception>
    public static PrivateKeyInfo Read(ReadOnlySpan<byte> der)
    {
        try
        {
            var body = Content(der, Asn1Tag.Sequence, out var all);
            if (all != der.Length)
            {
                throw new CryptographicException("Octets follow the PrivateKeyInfo.");
            }

            // RFC 5958 §2: version v1(0) or v2(1), which says whether a public key may follow.
            if (!AsnDecoder.TryReadInt32(body, AsnEncodingRules.DER, out var version, out var read) || version is not (0 or 1))
            {
                throw new CryptographicException("The version of the PrivateKeyInfo is neither 0 nor 1 (RFC 5958 §2).");
            }

            body = body[read..];
            _ = Content(body, Asn1Tag.Sequence, out read);
            var identifier = body[..read];
            body = body[read..];
            var key = Content(body, Asn1Tag.PrimitiveOctetString, out read);
            return new PrivateKeyInfo(identifier, key, ReadPublicKey(body[read..]));
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The private key is not a PrivateKeyInfo in DER (RFC 5958 §2).", e);
        }
    }

    /// <summary>A PrivateKeyInfo of version 1 around <paramref name="privateKey"/>: no attributes, no public key.</summary>
    public static byte[] Write(KeyAlgorithm algorithm, ReadOnlySpan<byte> privateKey)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, privateKey.Length + 64); // enough: growing would leave a copy of the secret behind
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);                                            // RFC 5958 §2: v1
            writer.WriteEncodedValue(algorithm.AlgorithmIdentifier.Span);      // RFC 9881 §6, RFC 9909 §7, RFC 9935 §6: parameters absent
            writer.WriteOctetString(privateKey);
        }

        return writer.Encode();
    }

    /// <summary>Compares the public key that came along, if any, with the one that the private key has.</summary>
    /// <exception cref="CryptographicException">They differ.</exception>
    public void CheckPublicKey(PublicKey key)
    {
        if (!PublicKeyBits.IsEmpty && !PublicKeyBits.SequenceEqual(key.KeyBits.Span))
        {
            throw new CryptographicException($"The public key in this {key.Algorithm} PrivateKeyInfo is not the private key's: use a copy of the key without it.");
        }
    }

    // attributes [0] IMPLICIT SET OF OPTIONAL, publicKey [1] IMPLICIT BIT STRING OPTIONAL
    private static ReadOnlySpan<byte> ReadPublicKey(ReadOnlySpan<byte> rest)
    {
        if (!rest.IsEmpty && Asn1Tag.Decode(rest, out _).HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            _ = Content(rest, new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true), out var read);
            rest = rest[read..];
        }

        if (rest.IsEmpty)
        {
            return [];
        }

        return AsnDecoder.TryReadPrimitiveBitString(rest, AsnEncodingRules.DER, out var unused, out var bits, out var consumed, new Asn1Tag(TagClass.ContextSpecific, 1))
            && unused == 0 && consumed == rest.Length
                ? bits
                : throw new CryptographicException("What follows the private key is not a public key alone (RFC 5958 §2).");
    }

    internal static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> der, Asn1Tag tag, out int consumed)
    {
        var found = AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.DER, out var offset, out var length, out consumed);
        return found == tag ? der.Slice(offset, length) : throw new AsnContentException($"Found {found} where {tag} belongs.");
    }
}
