using System.Buffers.Binary;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>One question as it goes to a server (RFC 1035 §4.1). Each try has an identifier of its own that nobody can guess (RFC 5452 §9.2).</summary>
/// <param name="Name">The name asked for: lower case, without the final dot.</param>
internal sealed record DnsQuery(ushort Id, string Name, DnsRecordType Type, ReadOnlyMemory<byte> Message)
{
    /// <summary>What we take by UDP without fragments (RFC 6891 §6.2.5, DNS flag day 2020).</summary>
    public const ushort UdpOctets = 1232;

    private const int HeaderOctets = 12;

    private const ushort RecursionDesired = 0x0100;

    private const ushort ClassIn = 1;

    private const byte OptRecord = 41;

    /// <summary>Null when <paramref name="name"/> is no domain name.</summary>
    /// <param name="extended">Whether to say how much we take (EDNS, RFC 6891); very old servers answer that with FORMERR.</param>
    public static DnsQuery? Create(string name, DnsRecordType type, ushort id, bool extended)
    {
        if (DnsName.Encode(name) is not { } encoded)
        {
            return null;
        }

        var message = new byte[HeaderOctets + encoded.Length + 4 + (extended ? 11 : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1); // QDCOUNT
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), (ushort)(extended ? 1 : 0)); // ARCOUNT
        encoded.CopyTo(message, HeaderOctets);
        var question = message.AsSpan(HeaderOctets + encoded.Length);
        BinaryPrimitives.WriteUInt16BigEndian(question, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(question[2..], ClassIn);
        if (extended)
        {
            // RFC 6891 §6.1.2: root name, type OPT, our size in place of the class; extended RCODE, version and flags 0; no options.
            question[5] = 0;
            question[6] = OptRecord;
            BinaryPrimitives.WriteUInt16BigEndian(question[7..], UdpOctets);
        }

        return new DnsQuery(id, name.TrimEnd('.').ToLowerInvariant(), type, message);
    }
}
