using System.Globalization;
using System.Net;
using AgentPki.X509.Der;

namespace AgentPki.X509.Names;

/// <summary>One GeneralName (RFC 5280 §4.2.1.6). Closed: the kinds below are all there are.</summary>
public abstract record GeneralName
{
    private GeneralName()
    {
    }

    /// <summary>dNSName: an IA5String as it stands; its syntax is the business of lint and profiles.</summary>
    public sealed record Dns(string Name) : GeneralName
    {
        public override string ToString() => $"DNS:{Escape(Name)}";
    }

    /// <summary>uniformResourceIdentifier: an IA5String as it stands.</summary>
    public sealed record Uri(string Value) : GeneralName
    {
        public override string ToString() => $"URI:{Escape(Value)}";
    }

    /// <summary>iPAddress: 4 or 16 octets.</summary>
    public sealed record Ip(IPAddress Address) : GeneralName
    {
        public override string ToString() => $"IP:{Address}";
    }

    /// <summary>rfc822Name: an IA5String as it stands.</summary>
    public sealed record Rfc822(string Address) : GeneralName
    {
        public override string ToString() => $"email:{Escape(Address)}";
    }

    public sealed record Directory(X500Name Name) : GeneralName
    {
        public override string ToString() => $"dir:{Name}";
    }

    /// <summary>otherName, x400Address, ediPartyName, registeredID: the whole element, tag included.</summary>
    public sealed record Other(ReadOnlyMemory<byte> Raw) : GeneralName
    {
        public bool Equals(Other? other) => other is not null && Raw.Span.SequenceEqual(other.Raw.Span);

        public override int GetHashCode() => Raw.Length == 0 ? 0 : HashCode.Combine(Raw.Length, Raw.Span[0], Raw.Span[^1]);

        public override string ToString() => $"other:{Convert.ToHexStringLower(Raw.Span)}";
    }

    /// <summary>Whether the text carries characters that deceive a reader or a log.</summary>
    public bool HasControlCharacters => this switch
    {
        Dns dns => Charsets.HasControl(dns.Name),
        Uri uri => Charsets.HasControl(uri.Value),
        Rfc822 mail => Charsets.HasControl(mail.Address),
        Directory directory => directory.Name.HasControlCharacters,
        _ => false,
    };

    // [1], [2], [6] IA5String; [4] EXPLICIT Name (a CHOICE is always explicit); [7] OCTET STRING.
    internal static GeneralName Read(ref DerReader reader, string field)
    {
        switch (reader.NextTag)
        {
            case 0x81:
                return new Rfc822(reader.ReadString(0x81, DerTag.Ia5String, field));
            case 0x82:
                return new Dns(reader.ReadString(0x82, DerTag.Ia5String, field));
            case 0x86:
                return new Uri(reader.ReadString(0x86, DerTag.Ia5String, field));
            case 0x87:
                var address = reader.ReadContent(0x87, field).Span;
                return address.Length is 4 or 16 ? new Ip(new IPAddress(address)) : throw reader.Malformed($"{field}: IP address of {address.Length} octets");
            case 0xA4:
                var inner = reader.ReadConstructed(0xA4, field);
                var name = X500Name.Read(ref inner, field);
                inner.End(field);
                return new Directory(name);
            case 0xA0 or 0xA3 or 0xA5 or 0x88:
                return new Other(reader.ReadElement(field));
            default:
                throw reader.Malformed($"{field}: tag {reader.NextTag:X2} is no GeneralName");
        }
    }

    /// <summary>The content of a GeneralNames: at least one, at most <see cref="Limits.GeneralNames"/>.</summary>
    internal static List<GeneralName> ReadAll(DerReader reader, string field)
    {
        if (reader.IsEmpty)
        {
            throw reader.Malformed($"{field}: GeneralNames without a name");
        }

        var names = new List<GeneralName>(2);
        while (!reader.IsEmpty)
        {
            if (names.Count == Limits.GeneralNames)
            {
                throw reader.Malformed($"{field}: more than {Limits.GeneralNames} names");
            }

            names.Add(Read(ref reader, field));
        }

        return names;
    }

    /// <exception cref="ArgumentException">A text is empty or not ASCII.</exception>
    internal void Write(DerWriter writer)
    {
        switch (this)
        {
            case Dns dns:
                WriteIa5(writer, 0x82, dns.Name);
                break;
            case Uri uri:
                WriteIa5(writer, 0x86, uri.Value);
                break;
            case Rfc822 mail:
                WriteIa5(writer, 0x81, mail.Address);
                break;
            case Ip ip:
                writer.Write(0x87, ip.Address.GetAddressBytes());
                break;
            case Directory directory:
                using (writer.Constructed(0xA4))
                {
                    writer.WriteEncoded(directory.Name.Der.Span);
                }

                break;
            case Other other:
                writer.WriteEncoded(other.Raw.Span);
                break;
        }
    }

    private static void WriteIa5(DerWriter writer, byte tag, string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAnyExceptInRange('\0', '\x7F'))
        {
            throw new ArgumentException($"'{Escape(text)}' is not a non-empty ASCII text; internationalised names are written in their ASCII form (RFC 5280 §7).", nameof(text));
        }

        writer.WriteString(DerTag.Ia5String, text, tag);
    }

    private static string Escape(string text) =>
        Charsets.HasControl(text) ? string.Concat(text.Select(c => Charsets.HasControl(c.ToString()) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}") : c.ToString())) : text;
}
