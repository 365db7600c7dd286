using System.Text;

namespace AgentPki.X509.Der;

public ref partial struct DerReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding StrictUtf16 = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UTF32Encoding StrictUtf32 = new(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true);

    /// <summary>An INTEGER's content: big-endian two's complement, checked to be minimal (X.690 §8.3.2), of any size.</summary>
    public ReadOnlyMemory<byte> ReadIntegerContent(string field, byte tag = DerTag.Integer)
    {
        var content = ReadContent(tag, field);
        var bytes = content.Span;
        if (bytes.IsEmpty)
        {
            throw Malformed($"{field}: empty INTEGER");
        }

        if (bytes.Length > 1 && ((bytes[0] == 0 && bytes[1] < 0x80) || (bytes[0] == 0xFF && bytes[1] >= 0x80)))
        {
            throw Malformed($"{field}: INTEGER not in its shortest form");
        }

        return content;
    }

    /// <summary>An INTEGER that fits 64 bits.</summary>
    public long ReadInt64(string field, byte tag = DerTag.Integer)
    {
        var bytes = ReadIntegerContent(field, tag).Span;
        if (bytes.Length > 8)
        {
            throw Malformed($"{field}: INTEGER of {bytes.Length} octets");
        }

        long value = (sbyte)bytes[0];
        foreach (var octet in bytes[1..])
        {
            value = (value << 8) | octet;
        }

        return value;
    }

    /// <summary>An INTEGER between <paramref name="minimum"/> and <paramref name="maximum"/>.</summary>
    public int ReadInt32(string field, int minimum, int maximum, byte tag = DerTag.Integer)
    {
        var value = ReadInt64(field, tag);
        return value >= minimum && value <= maximum ? (int)value : throw Malformed($"{field}: {value} is not between {minimum} and {maximum}");
    }

    public bool ReadBoolean(string field, byte tag = DerTag.Boolean)
    {
        var content = ReadContent(tag, field).Span;
        return content.Length == 1 && content[0] is 0 or 0xFF ? content[0] != 0 : throw Malformed($"{field}: BOOLEAN is neither 00 nor FF");
    }

    public void ReadNull(string field)
    {
        if (!ReadContent(DerTag.Null, field).IsEmpty)
        {
            throw Malformed($"{field}: NULL with content");
        }
    }

    public ReadOnlyMemory<byte> ReadOctetString(string field) => ReadContent(DerTag.OctetString, field);

    /// <summary>An OBJECT IDENTIFIER in dotted form.</summary>
    public string ReadOid(string field, byte tag = DerTag.ObjectIdentifier)
    {
        var content = ReadContent(tag, field);
        return ObjectIdentifier.TryDecode(content.Span, out var dotted) ? dotted : throw Malformed($"{field}: not an OBJECT IDENTIFIER");
    }

    /// <summary>A BIT STRING's octets and the number of unused bits in the last one, which must be zero bits (X.690 §11.2.1).</summary>
    public ReadOnlyMemory<byte> ReadBitString(string field, out int unusedBits, byte tag = DerTag.BitString)
    {
        var content = ReadContent(tag, field);
        var bytes = content.Span;
        if (bytes.IsEmpty || bytes[0] > 7 || (bytes.Length == 1 && bytes[0] != 0) || (bytes[^1] & ((1 << bytes[0]) - 1)) != 0 && bytes.Length > 1)
        {
            throw Malformed($"{field}: BIT STRING with wrong unused bits");
        }

        unusedBits = bytes[0];
        return content[1..];
    }

    /// <summary>A BIT STRING that carries octets (a key, a signature): no unused bits.</summary>
    public ReadOnlyMemory<byte> ReadBitStringOctets(string field)
    {
        var octets = ReadBitString(field, out var unused);
        return unused == 0 ? octets : throw Malformed($"{field}: BIT STRING is not whole octets");
    }

    /// <summary>A named bit list (X.690 §11.2.2: no trailing zero bits) of at most 32 bits; bit <c>i</c> of the standard is <c>1 &lt;&lt; i</c>.</summary>
    public uint ReadNamedBits(string field, byte tag = DerTag.BitString)
    {
        var octets = ReadBitString(field, out var unused, tag).Span;
        if (octets.Length > 4 || (octets.Length > 0 && (octets[^1] >> unused & 1) == 0))
        {
            throw Malformed($"{field}: named bits with trailing zeros or too many");
        }

        uint flags = 0;
        for (var bit = 0; bit < octets.Length * 8; bit++)
        {
            flags |= (uint)(octets[bit >> 3] >> (7 - (bit & 7)) & 1) << bit;
        }

        return flags;
    }

    /// <summary>One of the directory string types, or IA5String, by its own tag.</summary>
    public string ReadString(string field) => ReadString(NextTag, NextTag, field);

    /// <summary>Reads over one of the string types and checks its characters, without making a string where that can be helped.</summary>
    public void CheckString(string field)
    {
        var type = NextTag;
        if (type is DerTag.Utf8String)
        {
            if (!System.Text.Unicode.Utf8.IsValid(ReadContent(type, field).Span))
            {
                throw Malformed($"{field}: not valid UTF-8");
            }
        }
        else
        {
            ReadString(field);
        }
    }

    /// <summary>A string of type <paramref name="type"/> under <paramref name="tag"/> (they differ for IMPLICIT tagging).</summary>
    public string ReadString(byte tag, byte type, string field)
    {
        var content = ReadContent(tag, field).Span;
        try
        {
            return type switch
            {
                DerTag.Utf8String => StrictUtf8.GetString(content),
                DerTag.PrintableString when !content.ContainsAnyExcept(Charsets.Printable) => Encoding.ASCII.GetString(content),
                DerTag.NumericString when !content.ContainsAnyExcept(Charsets.Numeric) => Encoding.ASCII.GetString(content),
                DerTag.Ia5String when !content.ContainsAnyExceptInRange((byte)0, (byte)0x7F) => Encoding.ASCII.GetString(content),
                DerTag.VisibleString when !content.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E) => Encoding.ASCII.GetString(content),
                // RFC 5280 §4.1.2.4: legacy types that old certificates carry; T.61 is read as Latin-1, as everybody does.
                DerTag.TeletexString => Encoding.Latin1.GetString(content),
                DerTag.BmpString => StrictUtf16.GetString(content),
                DerTag.UniversalString => StrictUtf32.GetString(content),
                _ => throw Malformed($"{field}: not a valid string of type {type:X2}"),
            };
        }
        catch (ArgumentException e)
        {
            throw new MalformedDataException($"{field}: not a valid string of type {type:X2}", Offset, e);
        }
    }

    /// <summary>RFC 5280 §4.1.2.5: UTCTime (two-digit years are 1950 to 2049) or GeneralizedTime, in seconds and in Zulu.</summary>
    public DateTimeOffset ReadTime(string field) => NextIs(DerTag.UtcTime) ? ReadTime(DerTag.UtcTime, 2, field) : ReadGeneralizedTime(field);

    /// <summary><c>YYYYMMDDHHMMSSZ</c>: no fractions, no offsets (RFC 5280 §4.1.2.5.2).</summary>
    public DateTimeOffset ReadGeneralizedTime(string field, byte tag = DerTag.GeneralizedTime) => ReadTime(tag, 4, field);

    private DateTimeOffset ReadTime(byte tag, int yearDigits, string field)
    {
        var text = ReadContent(tag, field).Span;
        if (text.Length != yearDigits + 11 || text[^1] != (byte)'Z' || text[..^1].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            throw Malformed($"{field}: time is not {(yearDigits == 2 ? "YYMMDDHHMMSSZ" : "YYYYMMDDHHMMSSZ")}");
        }

        var year = yearDigits == 4 ? Two(text, 0) * 100 + Two(text, 2) : Two(text, 0) is var yy && yy >= 50 ? 1900 + yy : 2000 + yy;
        int month = Two(text, yearDigits), day = Two(text, yearDigits + 2), hour = Two(text, yearDigits + 4), minute = Two(text, yearDigits + 6), second = Two(text, yearDigits + 8);
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            throw Malformed($"{field}: no such date or time");
        }

        return new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
    }

    private static int Two(ReadOnlySpan<byte> text, int at) => (text[at] - '0') * 10 + text[at + 1] - '0';
}
