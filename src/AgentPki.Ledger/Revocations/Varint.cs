namespace AgentPki.Ledger.Revocations;

/// <summary>Unsigned LEB128: seven bits an octet, the lowest first, the top bit says that more follow; in its shortest form alone, so that a number has one encoding.</summary>
internal static class Varint
{
    public const int MaximumSize = 10;

    public static int Write(Span<byte> destination, ulong value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[length++] = (byte)(value | 0x80);
        }

        destination[length++] = (byte)value;
        return length;
    }

    /// <summary>Takes one number from the front of <paramref name="source"/>; false when there is none, it is not in its shortest form, or it has more than 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (var i = 0; i < source.Length && i < MaximumSize; i++)
        {
            var octet = source[i];
            if (i == MaximumSize - 1 && octet > 1)
            {
                return false;
            }

            value |= (ulong)(octet & 0x7f) << (7 * i);
            if (octet < 0x80)
            {
                source = source[(i + 1)..];
                return octet != 0 || i == 0;
            }
        }

        return false;
    }
}
