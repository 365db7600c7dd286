using System.Formats.Asn1;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11;

/// <summary>Key pairs as a token's objects: templates, and public keys read back.</summary>
internal static class TokenKeys
{
    private static Pkcs11InteropFactories Factories => TokenModule.Factories;

    /// <summary>The mechanism that generates a key of that kind (PKCS#11 v2.40 §2.1.4, §2.3.5; v3.0 §2.3.6).</summary>
    public static CKM Generation(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa => CKM.CKM_EC_KEY_PAIR_GEN,
        AlgorithmFamily.Rsa => CKM.CKM_RSA_PKCS_KEY_PAIR_GEN,
        AlgorithmFamily.EdDsa => Mechanisms.NewerMechanisms.EcEdwardsKeyPairGen,
    };

    public static (IObjectHandle Public, IObjectHandle Private) Generate(TokenSession session, KeyAlgorithm algorithm, string tokenLabel, byte[] id, TokenDescription token)
    {
        var a = Factories.ObjectAttributeFactory;
        List<IObjectAttribute> publicTemplate = [a.Create(CKA.CKA_TOKEN, true), a.Create(CKA.CKA_PRIVATE, false), a.Create(CKA.CKA_LABEL, tokenLabel), a.Create(CKA.CKA_ID, id), a.Create(CKA.CKA_VERIFY, true)];
        if (algorithm.Family == AlgorithmFamily.Rsa)
        {
            publicTemplate.Add(a.Create(CKA.CKA_MODULUS_BITS, (ulong)algorithm.SizeBits));
            publicTemplate.Add(a.Create(CKA.CKA_PUBLIC_EXPONENT, [1, 0, 1]));
        }
        else
        {
            publicTemplate.Add(a.Create(CKA.CKA_EC_PARAMS, CurveParameters(algorithm, token)));
        }

        List<IObjectAttribute> privateTemplate =
        [
            a.Create(CKA.CKA_TOKEN, true), a.Create(CKA.CKA_PRIVATE, true), a.Create(CKA.CKA_LABEL, tokenLabel), a.Create(CKA.CKA_ID, id),
            a.Create(CKA.CKA_SENSITIVE, true), a.Create(CKA.CKA_EXTRACTABLE, false), a.Create(CKA.CKA_SIGN, true),
        ];
        using var mechanism = Factories.MechanismFactory.Create(Generation(algorithm));
        session.Raw.GenerateKeyPair(mechanism, publicTemplate, privateTemplate, out var publicKey, out var privateKey);
        return (publicKey, privateKey);
    }

    /// <summary>Reads the protecting attributes back: what a token was asked for and what it made may differ.</summary>
    public static bool IsProtected(TokenSession session, IObjectHandle privateKey)
    {
        var values = session.Raw.GetAttributeValue(privateKey, [CKA.CKA_SENSITIVE, CKA.CKA_EXTRACTABLE, CKA.CKA_TOKEN, CKA.CKA_ALWAYS_SENSITIVE, CKA.CKA_NEVER_EXTRACTABLE]);
        return values[0].GetValueAsBool() && !values[1].GetValueAsBool() && values[2].GetValueAsBool() &&
            (values[3].CannotBeRead || values[3].GetValueAsBool()) && (values[4].CannotBeRead || values[4].GetValueAsBool());
    }

    public static PublicKey ReadPublicKey(TokenSession session, IObjectHandle publicKey)
    {
        var type = (CKK)session.Raw.GetAttributeValue(publicKey, [CKA.CKA_KEY_TYPE])[0].GetValueAsUlong();
        return PublicKey.Parse(type == CKK.CKK_RSA ? RsaInfo(session, publicKey) : CurveInfo(session, publicKey, type));
    }

    private static byte[] CurveParameters(KeyAlgorithm algorithm, TokenDescription token)
    {
        if (algorithm.Family == AlgorithmFamily.Ecdsa)
        {
            var sequence = new AsnReader(algorithm.AlgorithmIdentifier, AsnEncodingRules.DER).ReadSequence();
            sequence.ReadObjectIdentifier();
            return sequence.ReadEncodedValue().ToArray();
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        if (token.EdwardsParameters == "oid")
        {
            writer.WriteObjectIdentifier(algorithm.Oid);
        }
        else
        {
            writer.WriteCharacterString(UniversalTagNumber.PrintableString, "edwards25519");
        }

        return writer.Encode();
    }

    private static byte[] RsaInfo(TokenSession session, IObjectHandle key)
    {
        var values = session.Raw.GetAttributeValue(key, [CKA.CKA_MODULUS, CKA.CKA_PUBLIC_EXPONENT]);
        var bits = new AsnWriter(AsnEncodingRules.DER);
        using (bits.PushSequence())
        {
            bits.WriteIntegerUnsigned(values[0].GetValueAsByteArray().AsSpan().TrimStart((byte)0));
            bits.WriteIntegerUnsigned(values[1].GetValueAsByteArray().AsSpan().TrimStart((byte)0));
        }

        return Info(KeyAlgorithm.Rsa3072, bits.Encode());
    }

    private static byte[] CurveInfo(TokenSession session, IObjectHandle key, CKK type)
    {
        var values = session.Raw.GetAttributeValue(key, [CKA.CKA_EC_PARAMS, CKA.CKA_EC_POINT]);
        var point = values[1].GetValueAsByteArray();
        var parameters = values[0].GetValueAsByteArray();
        var algorithm = type == CKK.CKK_EC
            ? KeyAlgorithm.All.FirstOrDefault(a => a.Family == AlgorithmFamily.Ecdsa && a.AlgorithmIdentifier.Span.EndsWith(parameters))
            : KeyAlgorithm.Ed25519;
        // CKA_EC_POINT is the point in an OCTET STRING (v2.40 §2.3.3); v3.0 tokens give Edwards points bare.
        return Info(algorithm ?? throw new NotSupportedException("The token's key is on a curve this build does not know."), Unwrapped(point, algorithm));
    }

    private static byte[] Unwrapped(byte[] point, KeyAlgorithm algorithm)
    {
        var bare = algorithm.Family == AlgorithmFamily.EdDsa ? 32 : 1 + (algorithm.SizeBits / 4);
        return point.Length == bare ? point : AsnDecoder.ReadOctetString(point, AsnEncodingRules.BER, out _);
    }

    private static byte[] Info(KeyAlgorithm algorithm, byte[] keyBits)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(keyBits);
        }

        return writer.Encode();
    }
}
