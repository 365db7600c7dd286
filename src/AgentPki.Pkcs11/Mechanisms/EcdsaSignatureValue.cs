namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>ECDSA signatures between their two forms: r‖s of fixed width, and DER Ecdsa-Sig-Value (RFC 3279 §2.2.3).</summary>
internal static class EcdsaSignatureValue
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
