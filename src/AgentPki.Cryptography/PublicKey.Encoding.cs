using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;

namespace AgentPki.Cryptography;

public sealed partial class PublicKey
{
    /// <summary>The key whose subjectPublicKey holds <paramref name="keyBits"/>, as a library or a token hands out a public key without its frame.</summary>
    /// <exception cref="ArgumentException">The octets are no key of that kind; the message says why.</exception>
    public static PublicKey FromKeyBits(KeyAlgorithm algorithm, ReadOnlySpan<byte> keyBits) => ParseHalf(Encode(algorithm, keyBits));

    /// <summary>As <see cref="FromKeyBits"/>, for key bits that come from outside and only verify signatures (see <see cref="TryParseForVerification"/>).</summary>
    /// <param name="error">One sentence that names what is wrong.</param>
    public static bool TryFromKeyBits(KeyAlgorithm algorithm, ReadOnlySpan<byte> keyBits, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out string? error) =>
        TryParseForVerification(Encode(algorithm, keyBits), out key, out error);

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
