using System.Formats.Asn1;

namespace AgentPki.Cryptography;

/// <summary>
/// ECDSA signatures between their two forms: r‖s of fixed width, as tokens and JOSE have it (RFC 7518 §3.4), and DER Ecdsa-Sig-Value (RFC 3279 §2.2.3), as
/// <see cref="ISigningKey.SignAsync"/> and <see cref="ICryptoProvider.Verify"/> do.
/// </summary>
public static class EcdsaSignatureValue
{
    /// <summary>r‖s of at most 2 × 66 octets to SEQUENCE { INTEGER r, INTEGER s }.</summary>
    public static byte[] FromConcatenation(ReadOnlySpan<byte> concatenation)
    {
        var half = concatenation.Length / 2;
        var r = Trim(concatenation[..half]);
        var s = Trim(concatenation[half..]);
        var rLength = r.Length + (r[0] >> 7);
        var sLength = s.Length + (s[0] >> 7);
        var content = 2 + rLength + 2 + sLength;
        // Two INTEGERs of P-521 come to at most 138 octets: the SEQUENCE's length may take a second octet, theirs do not (X.690 §8.1.3.5).
        var header = content < 0x80 ? 2 : 3;
        var encoded = new byte[header + content];
        encoded[0] = 0x30;
        encoded[1] = 0x81;
        encoded[header - 1] = (byte)content;
        Write(encoded.AsSpan(header), r, rLength);
        Write(encoded.AsSpan(header + 2 + rLength), s, sLength);
        return encoded;
    }

    /// <summary>SEQUENCE { INTEGER r, INTEGER s } to r‖s, each half as wide as <paramref name="concatenation"/>'s; false when it is no such value or does not fit.</summary>
    public static bool TryToConcatenation(ReadOnlySpan<byte> encoded, Span<byte> concatenation)
    {
        var half = concatenation.Length / 2;
        try
        {
            AsnDecoder.ReadSequence(encoded, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
            var content = encoded.Slice(offset, length);
            var r = AsnDecoder.ReadIntegerBytes(content, AsnEncodingRules.DER, out var rLength);
            var s = AsnDecoder.ReadIntegerBytes(content[rLength..], AsnEncodingRules.DER, out var sLength);
            return consumed == encoded.Length && rLength + sLength == length && Pad(r, concatenation[..half]) && Pad(s, concatenation[half..]);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool Pad(ReadOnlySpan<byte> integer, Span<byte> destination)
    {
        var magnitude = integer.TrimStart((byte)0);
        if (integer[0] >= 0x80 || magnitude.Length > destination.Length)
        {
            return false;
        }

        destination.Clear();
        magnitude.CopyTo(destination[^magnitude.Length..]);
        return true;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> integer)
    {
        var trimmed = integer.TrimStart((byte)0);
        return trimmed.IsEmpty ? integer[^1..] : trimmed;
    }

    private static void Write(Span<byte> destination, ReadOnlySpan<byte> magnitude, int length)
    {
        destination[0] = 0x02;
        destination[1] = (byte)length;
        magnitude.CopyTo(destination[(2 + length - magnitude.Length)..]);
    }
}
