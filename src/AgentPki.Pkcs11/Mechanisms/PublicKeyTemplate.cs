using System.Formats.Asn1;
using AgentPki.Cryptography;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>The attributes of a public key object that is made of a public key (C_CreateObject): the other way from <see cref="PublicKeyReader"/>.</summary>
internal static class PublicKeyTemplate
{
    /// <summary>CKK of keys of that kind.</summary>
    /// <exception cref="NotSupportedException">There are none.</exception>
    public static ulong KeyType(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Rsa => (ulong)CKK.CKK_RSA,
        AlgorithmFamily.Ecdsa => (ulong)CKK.CKK_EC,
        AlgorithmFamily.EdDsa => NewerConstants.ByName["CKK_EC_EDWARDS"],
        AlgorithmFamily.MlDsa => NewerConstants.ByName["CKK_ML_DSA"],
        AlgorithmFamily.SlhDsa => NewerConstants.ByName["CKK_SLH_DSA"],
        AlgorithmFamily.MlKem => NewerConstants.ByName["CKK_ML_KEM"],
        AlgorithmFamily.Composite => throw new NotSupportedException($"A key of {algorithm} is two keys in a token."),
    };

    /// <summary>Class, type and value; curve or parameter set as the token's own generation template has it.</summary>
    public static AttributeTemplate Of(PublicKey key, KeyUse use)
    {
        var template = AttributeTemplate.Empty
            .With(CKA.CKA_CLASS, (ulong)CKO.CKO_PUBLIC_KEY)
            .With(CKA.CKA_KEY_TYPE, KeyType(key.Algorithm))
            .With(use.Public)
            .Without([(ulong)CKA.CKA_MODULUS_BITS, (ulong)CKA.CKA_PUBLIC_EXPONENT]);
        switch (use.PublicKey)
        {
            case PublicKeySource.Rsa:
                // RFC 8017 §A.1.1.
                var numbers = new AsnReader(key.KeyBits, AsnEncodingRules.DER).ReadSequence();
                return template
                    .With(CKA.CKA_MODULUS, Unsigned(numbers.ReadIntegerBytes()))
                    .With(CKA.CKA_PUBLIC_EXPONENT, Unsigned(numbers.ReadIntegerBytes()));
            case PublicKeySource.EcPoint:
                var point = new AsnWriter(AsnEncodingRules.DER);
                point.WriteOctetString(key.KeyBits.Span);
                return template.With(CKA.CKA_EC_POINT, point.Encode());
            case PublicKeySource.PublicKeyInfo:
                return template.With(CKA.CKA_VALUE, key.SubjectPublicKeyInfo.ToArray());
            default:
                return template.With(CKA.CKA_VALUE, key.KeyBits.ToArray());
        }
    }

    private static byte[] Unsigned(ReadOnlyMemory<byte> integer) => integer.Span.TrimStart((byte)0).ToArray();
}
