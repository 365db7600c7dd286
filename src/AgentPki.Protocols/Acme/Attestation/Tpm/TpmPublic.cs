using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>TPMA_OBJECT (TPM 2.0 Library, Part 2 §8.3), the bits that are looked at.</summary>
[Flags]
internal enum TpmAttributes : uint
{
    None = 0,
    FixedTpm = 1 << 1,
    FixedParent = 1 << 4,
    SensitiveDataOrigin = 1 << 5,
    Restricted = 1 << 16,
    Decrypt = 1 << 17,
    Sign = 1 << 18,
}

/// <summary>The public area of a TPM's key, TPMT_PUBLIC (TPM 2.0 Library, Part 2 §12.2.4), of kind RSA or on P-256 or P-384.</summary>
/// <param name="Name">nameAlg and the hash of the area (Part 1 §16): by this name other structures mean the key.</param>
internal sealed record TpmPublic(PublicKey Key, TpmAttributes Attributes, byte[] Name)
{
    private const string Area = "pubArea";

    /// <summary>Whether the key was made in the TPM and never leaves it.</summary>
    public bool IsBoundToTpm => (Attributes & Bound) == Bound;

    private const TpmAttributes Bound = TpmAttributes.FixedTpm | TpmAttributes.FixedParent | TpmAttributes.SensitiveDataOrigin;

    /// <exception cref="AttestationException">Not such an area.</exception>
    public static TpmPublic Parse(ReadOnlySpan<byte> area, string what = Area)
    {
        var reader = new TpmReader(area, what);
        var type = reader.ReadUInt16();
        var nameAlgorithm = reader.ReadUInt16();
        var attributes = (TpmAttributes)reader.ReadUInt32();
        reader.ReadSized(); // authPolicy
        if (TpmAlgorithms.Hash(nameAlgorithm) is not { } hash)
        {
            throw reader.Malformed($"is named by the algorithm 0x{nameAlgorithm:x4}; SHA-256, SHA-384 and SHA-512 are taken");
        }

        var (algorithm, bits) = type switch
        {
            TpmAlgorithms.Rsa => ReadRsa(ref reader),
            TpmAlgorithms.Ecc => ReadEcc(ref reader),
            _ => throw reader.Malformed($"is of the kind 0x{type:x4}; RSA and ECC keys are taken"),
        };
        reader.End();
        if (!PublicKey.TryFromKeyBits(algorithm, bits, out var key, out var error))
        {
            throw new AttestationException($"The key of the statement's {what} is not taken: {error.TrimEnd('.')}.");
        }

        var name = new byte[2 + TpmAlgorithms.HashSize(hash)];
        BinaryPrimitives.WriteUInt16BigEndian(name, nameAlgorithm);
        CryptographicOperations.HashData(hash, area, name.AsSpan(2));
        return new TpmPublic(key, attributes, name);
    }

    // TPMS_RSA_PARMS (§12.2.3.5), then the modulus.
    private static (KeyAlgorithm Algorithm, byte[] Bits) ReadRsa(ref TpmReader reader)
    {
        SkipSymmetric(ref reader);
        SkipScheme(ref reader);
        var bits = reader.ReadUInt16();
        var exponent = reader.ReadUInt32() is var e and not 0 ? e : 65537;
        var algorithm = bits switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => throw reader.Malformed($"is an RSA key of {bits} bits; 2048, 3072 and 4096 are taken"),
        };
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(reader.ReadSized(), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(exponent);
        }

        return (algorithm, writer.Encode());
    }

    // TPMS_ECC_PARMS (§12.2.3.6), then the point.
    private static (KeyAlgorithm Algorithm, byte[] Bits) ReadEcc(ref TpmReader reader)
    {
        SkipSymmetric(ref reader);
        SkipScheme(ref reader);
        var curve = reader.ReadUInt16();
        var algorithm = curve switch
        {
            0x0003 => KeyAlgorithm.EcdsaP256,
            0x0004 => KeyAlgorithm.EcdsaP384,
            _ => throw reader.Malformed($"is on the curve 0x{curve:x4}; P-256 and P-384 are taken"),
        };
        SkipScheme(ref reader); // kdf
        var point = new byte[algorithm.PublicKeySize];
        var size = algorithm.SizeBits / 8;
        point[0] = 4;
        Coordinate(ref reader, point.AsSpan(1, size));
        Coordinate(ref reader, point.AsSpan(1 + size, size));
        return (algorithm, point);
    }

    // TPMs differ in whether they write leading zeros.
    private static void Coordinate(ref TpmReader reader, Span<byte> place)
    {
        var octets = reader.ReadSized();
        if (octets.Length > place.Length)
        {
            throw reader.Malformed("has a coordinate longer than its curve's");
        }

        octets.CopyTo(place[^octets.Length..]);
    }

    // TPMT_SYM_DEF_OBJECT (§11.1.7): only keys that hold others have one.
    private static void SkipSymmetric(ref TpmReader reader)
    {
        if (reader.ReadUInt16() != TpmAlgorithms.Null)
        {
            reader.Take(4); // key bits and mode
        }
    }

    // TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME (§11.2): a hash follows for all but these.
    private static void SkipScheme(ref TpmReader reader)
    {
        var scheme = reader.ReadUInt16();
        if (scheme is not (TpmAlgorithms.Null or TpmAlgorithms.RsaEs))
        {
            reader.Take(scheme == TpmAlgorithms.EcDaa ? 4 : 2);
        }
    }
}
