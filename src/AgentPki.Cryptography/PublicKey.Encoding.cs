using System.Formats.Asn1;

namespace AgentPki.Cryptography;

public sealed partial class PublicKey
{
    /// <summary>The key whose subjectPublicKey holds <paramref name="keyBits"/>, as a library or a token hands out a public key without its frame.</summary>
    /// <exception cref="ArgumentException">The octets are no key of that kind; the message says why.</exception>
    public static PublicKey FromKeyBits(KeyAlgorithm algorithm, ReadOnlySpan<byte> keyBits) => ParseHalf(Encode(algorithm, keyBits));

    // RFC 5280 §4.1.2.7
    private static byte[] Encode(KeyAlgorithm algorithm, ReadOnlySpan<byte> keyBits)
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
