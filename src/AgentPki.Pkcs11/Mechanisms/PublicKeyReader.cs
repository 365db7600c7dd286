using System.Formats.Asn1;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>Builds the SubjectPublicKeyInfo of a key pair from what the token shows of it.</summary>
internal static class PublicKeyReader
{
    /// <summary>Whether and what: the algorithm follows from the key's own attributes, never from a label.</summary>
    /// <exception cref="InvalidOperationException">The token shows no public key, or one that is not valid.</exception>
    public static PublicKey Read(TokenSession session, ulong publicKey, IEnumerable<KeyUse> known, string name)
    {
        string? problem = null;
        foreach (var use in known)
        {
            if (Matches(session, publicKey, use) && Encode(session, publicKey, use) is { } encoded)
            {
                if (PublicKey.TryParseHalf(encoded, out var key, out problem) && key.Algorithm == use.Algorithm)
                {
                    return key;
                }
            }
        }

        throw new InvalidOperationException($"The public key of {name} cannot be read from the token. {problem ?? "Its kind is not in token.yaml, or the token does not show it."}");
    }

    /// <summary>The attributes that the generation template fixes (curve, size, parameter set) tell the kinds of keys apart.</summary>
    private static bool Matches(TokenSession session, ulong publicKey, KeyUse use)
    {
        foreach (var attribute in (CKA[])[CKA.CKA_EC_PARAMS, NewerConstants.ParameterSet])
        {
            if (use.Public.Value(attribute) is { } wanted && session.Read(publicKey, attribute) is { } actual && !actual.AsSpan().SequenceEqual(wanted))
            {
                return false;
            }
        }

        return true;
    }

    private static byte[]? Encode(TokenSession session, ulong publicKey, KeyUse use)
    {
        switch (use.PublicKey)
        {
            case PublicKeySource.EcPoint:
                return session.Read(publicKey, CKA.CKA_EC_POINT) is { } point ? Wrap(use.Algorithm, Unwrap(point)) : null;
            case PublicKeySource.Rsa:
                var modulus = session.Read(publicKey, CKA.CKA_MODULUS);
                var exponent = session.Read(publicKey, CKA.CKA_PUBLIC_EXPONENT);
                return modulus is null || exponent is null ? null : Wrap(use.Algorithm, RsaPublicKey(modulus, exponent));
            case PublicKeySource.Value:
                return session.Read(publicKey, CKA.CKA_VALUE) is { } value ? Wrap(use.Algorithm, value) : null;
            default:
                return session.Read(publicKey, CKA.CKA_VALUE) ?? session.Read(publicKey, CKA.CKA_PUBLIC_KEY_INFO);
        }
    }

    /// <summary>CKA_EC_POINT should be a DER OCTET STRING around the point (PKCS#11 v2.40 §2.3.3); some tokens show the bare point.</summary>
    private static byte[] Unwrap(byte[] point)
    {
        if (point.Length > 2 && point[0] == 0x04 && AsnDecoder.TryReadEncodedValue(point, AsnEncodingRules.DER, out _, out _, out _, out var consumed) && consumed == point.Length)
        {
            return AsnDecoder.ReadOctetString(point, AsnEncodingRules.DER, out _);
        }

        return point;
    }

    private static byte[] Wrap(KeyAlgorithm algorithm, byte[] keyBits)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(keyBits);
        }

        return writer.Encode();
    }

    // RFC 8017 §A.1.1.
    private static byte[] RsaPublicKey(byte[] modulus, byte[] exponent)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus.AsSpan().TrimStart((byte)0));
            writer.WriteIntegerUnsigned(exponent.AsSpan().TrimStart((byte)0));
        }

        return writer.Encode();
    }
}
