using System.Text;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>Domain names between text and wire (RFC 1035 §3.1, §4.1.4). As text: lower case, without the final dot, the root as an empty text.</summary>
internal static class DnsName
{
    private const int MaximumOctets = 255;

    private const int MaximumLabel = 63;

    /// <summary>The wire form; null when the text is no name: an empty or overlong label, or other characters than printable ASCII.</summary>
    public static byte[]? Encode(string name)
    {
        var text = name.EndsWith('.') ? name[..^1] : name;
        if (text.Length is 0 or > MaximumOctets - 2)
        {
            return null;
        }

        var wire = new byte[text.Length + 2];
        var position = 0;
        foreach (var label in text.Split('.'))
        {
            if (label.Length is 0 or > MaximumLabel || !label.All(IsTaken))
            {
                return null;
            }

            wire[position++] = (byte)label.Length;
            position += Encoding.ASCII.GetBytes(label, wire.AsSpan(position));
        }

        return wire;
    }

    /// <summary>Reads a name of a message and moves past it; null when it is malformed or has characters that no name here has.</summary>
    /// <remarks>RFC 1035 §4.1.4: a pointer leads to a prior occurrence. Each one must lead further back than the last, so that none leads in a circle.</remarks>
    public static string? Read(ReadOnlySpan<byte> message, ref int position)
    {
        var text = new StringBuilder();
        var octets = 1;
        var limit = position;
        var at = position;
        var jumped = false;
        while (at < message.Length)
        {
            var length = message[at++];
            switch (length & 0xC0)
            {
                case 0x00 when length == 0:
                    position = jumped ? position : at;
                    return text.ToString();
                case 0x00:
                    octets += length + 1;
                    if (octets > MaximumOctets || at + length > message.Length || !AppendLabel(text, message.Slice(at, length)))
                    {
                        return null;
                    }

                    at += length;
                    break;
                case 0xC0 when at < message.Length:
                    var target = ((length & 0x3F) << 8) | message[at++];
                    if (target >= limit)
                    {
                        return null;
                    }

                    position = jumped ? position : at;
                    jumped = true;
                    limit = target;
                    at = target;
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private static bool AppendLabel(StringBuilder text, ReadOnlySpan<byte> label)
    {
        if (text.Length > 0)
        {
            text.Append('.');
        }

        foreach (var octet in label)
        {
            var c = (char)octet;
            if (!IsTaken(c) || c == '.')
            {
                return false;
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return true;
    }

    // Printable ASCII without what zone files use to escape: a name that is shown is the name that is meant.
    private static bool IsTaken(char c) => c is > ' ' and < '\x7F' and not '\\';
}
