using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>
/// Brings the BER that CMS allows (RFC 5652 §1.1.1) into definite lengths: indefinite lengths end, constructed octet strings become primitive, lengths become
/// minimal. Values are left alone, so that what must be DER by itself (signed attributes, certificates) is only accepted when it is.
/// </summary>
internal static class BerConverter
{
    /// <exception cref="MalformedDataException">Truncated, nested too deep, or trailing octets.</exception>
    public static ReadOnlyMemory<byte> ToDefinite(ReadOnlyMemory<byte> ber)
    {
        if (!NeedsConversion(ber.Span))
        {
            return ber;
        }

        using var writer = new DerWriter(ber.Length + 64);
        var position = 0;
        Convert(ber.Span, ref position, writer, 0);
        return position == ber.Length ? writer.ToArray() : throw new MalformedDataException("BER: octets after the message", position);
    }

    // The outermost element says how the sender encodes: whoever streams, streams from the outside in.
    private static bool NeedsConversion(ReadOnlySpan<byte> ber) => ber.Length > 1 && ber[1] == 0x80;

    private static void Convert(ReadOnlySpan<byte> ber, ref int position, DerWriter writer, int depth)
    {
        var (tag, length) = ReadHeader(ber, ref position, depth);
        if (!DerTag.IsConstructed(tag))
        {
            var content = length < 0 ? throw new MalformedDataException("BER: indefinite length of a primitive", position) : ber.Slice(position, length);
            writer.Write(tag, content);
            position += length;
            return;
        }

        var end = length < 0 ? -1 : position + length;
        if (tag == 0x24)
        {
            // OCTET STRING in pieces. An encryptedContent in pieces ([0] IMPLICIT) is left as it is: EnvelopedData joins it, because only there is it known
            // that this [0] is an octet string.
            using var joined = new DerWriter(1024);
            JoinPieces(ber, ref position, end, joined, depth + 1);
            writer.Write(DerTag.OctetString, joined.Written);
            return;
        }

        using var scope = writer.Constructed(tag);
        while (!AtEnd(ber, ref position, end))
        {
            Convert(ber, ref position, writer, depth + 1);
        }
    }

    private static void JoinPieces(ReadOnlySpan<byte> ber, ref int position, int end, DerWriter joined, int depth)
    {
        while (!AtEnd(ber, ref position, end))
        {
            var (tag, length) = ReadHeader(ber, ref position, depth);
            if (tag == 0x24)
            {
                JoinPieces(ber, ref position, length < 0 ? -1 : position + length, joined, depth + 1);
                continue;
            }

            if (tag != DerTag.OctetString || length < 0)
            {
                throw new MalformedDataException("BER: a piece of an octet string is something else", position);
            }

            joined.WriteEncoded(ber.Slice(position, length));
            position += length;
        }
    }

    private static bool AtEnd(ReadOnlySpan<byte> ber, ref int position, int end)
    {
        if (end >= 0)
        {
            return position < end ? false : position == end ? true : throw new MalformedDataException("BER: an element reaches past its parent", position);
        }

        if (ber.Length - position < 2)
        {
            throw new MalformedDataException("BER: truncated", position);
        }

        if (ber[position] != 0 || ber[position + 1] != 0)
        {
            return false;
        }

        position += 2;
        return true;
    }

    private static (byte Tag, int Length) ReadHeader(ReadOnlySpan<byte> ber, ref int position, int depth)
    {
        if (depth >= Limits.Depth)
        {
            throw new MalformedDataException($"BER: nested deeper than {Limits.Depth} levels", position);
        }

        if (ber.Length - position < 2 || (ber[position] & 0x1F) == 0x1F)
        {
            throw new MalformedDataException("BER: truncated, or a multi-octet tag", position);
        }

        var tag = ber[position];
        int length = ber[position + 1];
        position += 2;
        if (length == 0x80)
        {
            return (tag, -1);
        }

        if (length > 0x80)
        {
            var octets = length & 0x7F;
            if (octets > 4 || octets > ber.Length - position)
            {
                throw new MalformedDataException("BER: length too long", position);
            }

            long value = 0;
            for (var i = 0; i < octets; i++)
            {
                value = (value << 8) | ber[position++];
            }

            length = value <= int.MaxValue ? (int)value : throw new MalformedDataException("BER: length too long", position);
        }

        return length <= ber.Length - position ? (tag, length) : throw new MalformedDataException("BER: truncated", position);
    }
}
