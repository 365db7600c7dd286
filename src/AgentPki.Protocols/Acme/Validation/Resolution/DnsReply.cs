using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>
/// A server's answer to one question (RFC 1035 §4.1): its code and the records of its answer section that matter here. What else it says (authority,
/// additional) is not read: it answers nothing that was asked.
/// </summary>
/// <param name="Truncated">TC: there is more than this transport carries.</param>
/// <param name="Aliases">CNAME: owner to target.</param>
/// <param name="Records">Records of the type asked for, with their owners.</param>
internal sealed record DnsReply(int ResponseCode, bool Truncated, IReadOnlyDictionary<string, string> Aliases, IReadOnlyList<(string Owner, DnsRecord Record)> Records)
{
    private const int HeaderOctets = 12;

    private const ushort CNameType = 5;

    private const ushort ClassIn = 1;

    private static readonly DnsReply Malformed = new(-1, false, new Dictionary<string, string>(), []);

    /// <summary>Whether this is an answer to the question and yet not readable.</summary>
    public bool IsMalformed => ReferenceEquals(this, Malformed);

    /// <summary>RCODE (RFC 1035 §4.1.1, RFC 6895 §2.3) as its name.</summary>
    public string ResponseCodeName => ResponseCode switch
    {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        _ => $"RCODE {ResponseCode}",
    };

    /// <summary>
    /// Reads what a server sent. Null when it is no answer to <paramref name="query"/>: another identifier, another question, no response (RFC 5452 §9.1).
    /// </summary>
    public static DnsReply? Read(ReadOnlySpan<byte> message, DnsQuery query)
    {
        if (message.Length < HeaderOctets || Number(message, 0) != query.Id || (message[2] & 0x80) == 0)
        {
            return null;
        }

        var code = message[3] & 0x0F;
        var position = HeaderOctets;
        var questions = Number(message, 4);
        // An error may come without the question; an answer may not.
        if (questions != 1)
        {
            return questions == 0 && code != 0 && code != 3 ? new DnsReply(code, false, new Dictionary<string, string>(), []) : null;
        }

        if (DnsName.Read(message, ref position) != query.Name || position + 4 > message.Length || Number(message, position) != (ushort)query.Type || Number(message, position + 2) != ClassIn)
        {
            return null;
        }

        position += 4;
        var truncated = (message[2] & 0x02) != 0;
        return truncated ? new DnsReply(code, true, new Dictionary<string, string>(), []) : ReadAnswers(message, position, code, query.Type);
    }

    private static DnsReply ReadAnswers(ReadOnlySpan<byte> message, int position, int code, DnsRecordType type)
    {
        var aliases = new Dictionary<string, string>(StringComparer.Ordinal);
        var records = new List<(string, DnsRecord)>();
        for (var left = Number(message, 6); left > 0; left--)
        {
            var owner = DnsName.Read(message, ref position);
            if (owner is null || position + 10 > message.Length)
            {
                return Malformed;
            }

            var (recordType, recordClass, length) = (Number(message, position), Number(message, position + 2), Number(message, position + 8));
            position += 10;
            if (position + length > message.Length)
            {
                return Malformed;
            }

            var start = position;
            position += length;
            if (recordClass != ClassIn)
            {
                continue;
            }

            if (recordType == CNameType)
            {
                var at = start;
                // RFC 2181 §10.1: one alias each.
                if (DnsName.Read(message[..position], ref at) is not { Length: > 0 } target || at != position || !aliases.TryAdd(owner, target))
                {
                    return Malformed;
                }
            }
            else if (recordType == (ushort)type)
            {
                if (ReadRecord(message.Slice(start, length), type) is not { } record)
                {
                    return Malformed;
                }

                records.Add((owner, record));
            }
        }

        return new DnsReply(code, false, aliases, records);
    }

    private static DnsRecord? ReadRecord(ReadOnlySpan<byte> data, DnsRecordType type) => type switch
    {
        DnsRecordType.A => data.Length == 4 ? new DnsRecord.Address(new IPAddress(data)) : null,
        DnsRecordType.Aaaa => data.Length == 16 ? new DnsRecord.Address(new IPAddress(data)) : null,
        DnsRecordType.Txt => ReadText(data),
        DnsRecordType.Caa => ReadCaa(data),
    };

    // RFC 1035 §3.3.14: one or more character strings, each with its length before it.
    private static DnsRecord.Text? ReadText(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return null;
        }

        var text = new StringBuilder(data.Length);
        while (!data.IsEmpty)
        {
            var length = data[0];
            if (1 + length > data.Length)
            {
                return null;
            }

            text.Append(Encoding.Latin1.GetString(data.Slice(1, length)));
            data = data[(1 + length)..];
        }

        return new DnsRecord.Text(text.ToString());
    }

    // RFC 8659 §4.1: flags, the tag's length, the tag (letters and digits), and the value up to the end.
    private static DnsRecord.Caa? ReadCaa(ReadOnlySpan<byte> data)
    {
        if (data.Length < 2 || data[1] == 0 || 2 + data[1] > data.Length)
        {
            return null;
        }

        var tag = Encoding.Latin1.GetString(data.Slice(2, data[1]));
        return tag.All(char.IsAsciiLetterOrDigit)
            ? new DnsRecord.Caa((data[0] & 0x80) != 0, tag.ToLowerInvariant(), Encoding.Latin1.GetString(data[(2 + data[1])..]))
            : null;
    }

    private static ushort Number(ReadOnlySpan<byte> message, int position) => BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
}
