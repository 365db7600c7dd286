using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using AgentPki.X509.Der;

namespace AgentPki.X509.Names;

/// <summary>The string form of a distinguished name (RFC 4514).</summary>
internal static class Rfc4514
{
    // RFC 4514 §3, and the two that everybody writes beside them.
    private static readonly FrozenDictionary<string, string> Keywords = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["CN"] = Oids.CommonName,
        ["L"] = Oids.Locality,
        ["ST"] = Oids.StateOrProvince,
        ["O"] = Oids.Organization,
        ["OU"] = Oids.OrganizationalUnit,
        ["C"] = Oids.Country,
        ["STREET"] = Oids.Street,
        ["DC"] = Oids.DomainComponent,
        ["UID"] = Oids.UserId,
        ["SERIALNUMBER"] = Oids.SerialNumber,
        ["EMAILADDRESS"] = Oids.EmailAddress,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> Names = Keywords.ToFrozenDictionary(k => k.Value, k => k.Key, StringComparer.Ordinal);

    public static string Format(IReadOnlyList<IReadOnlyList<NameAttribute>> rdns)
    {
        var text = new StringBuilder();
        for (var i = rdns.Count - 1; i >= 0; i--)
        {
            text.Append(text.Length == 0 ? "" : ",");
            for (var j = 0; j < rdns[i].Count; j++)
            {
                var attribute = rdns[i][j];
                text.Append(j == 0 ? "" : "+").Append(Names.GetValueOrDefault(attribute.Oid, attribute.Oid)).Append('=');
                AppendValue(text, attribute);
            }
        }

        return text.ToString();
    }

    /// <summary>RDNs most general first, as <see cref="X500Name"/> encodes them.</summary>
    public static IEnumerable<IReadOnlyList<(string Oid, string Value)>> Parse(string text)
    {
        var rdns = new List<IReadOnlyList<(string, string)>>();
        var position = 0;
        while (position < text.Length)
        {
            var rdn = new List<(string, string)>();
            do
            {
                rdn.Add(ParseAttribute(text, ref position));
            }
            while (position < text.Length && text[position++] == '+');

            rdns.Add(rdn);
            if (position == text.Length && text[^1] == ',' && !EndsEscaped(text))
            {
                throw new FormatException($"'{text}' ends in a comma.");
            }
        }

        rdns.Reverse();
        return rdns;
    }

    private static bool EndsEscaped(string text) => text.Length > 1 && text[^2] == '\\';

    private static (string Oid, string Value) ParseAttribute(string text, ref int position)
    {
        var equals = text.IndexOf('=', position);
        if (equals < 0)
        {
            throw new FormatException($"'{text[position..]}' is not of the form type=value.");
        }

        var type = text[position..equals].Trim();
        position = equals + 1;
        if (!Keywords.TryGetValue(type, out var oid))
        {
            oid = type.Length > 0 && char.IsAsciiDigit(type[0]) ? type : throw new FormatException($"'{type}' is no known attribute type; write its dotted object identifier.");
        }

        return (oid, ParseValue(text, ref position));
    }

    private static string ParseValue(string text, ref int position)
    {
        var octets = new List<byte>();
        var kept = 0;
        while (position < text.Length && text[position] == ' ')
        {
            position++;
        }

        while (position < text.Length && text[position] is not (',' or '+'))
        {
            var c = text[position++];
            if (c is '"' or ';' or '<' or '>')
            {
                throw new FormatException($"'{c}' must be escaped.");
            }

            if (c != '\\')
            {
                var length = char.IsHighSurrogate(c) && position < text.Length ? 2 : 1;
                octets.AddRange(Encoding.UTF8.GetBytes(text.Substring(position - 1, length)));
                position += length - 1;
                kept = c == ' ' ? kept : octets.Count;
                continue;
            }

            octets.Add(ParseEscape(text, ref position));
            kept = octets.Count;
        }

        // Unescaped spaces at the end are not part of the value (RFC 4514 §2.4).
        return Encoding.UTF8.GetString([.. octets.Take(kept)]);
    }

    private static byte ParseEscape(string text, ref int position)
    {
        if (position + 1 < text.Length && byte.TryParse(text.AsSpan(position, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
        {
            position += 2;
            return octet;
        }

        return position < text.Length && " \"#+,;<=>\\".Contains(text[position], StringComparison.Ordinal)
            ? (byte)text[position++]
            : throw new FormatException("A backslash stands before a special character or two hexadecimal digits.");
    }

    private static void AppendValue(StringBuilder text, NameAttribute attribute)
    {
        var value = attribute.Value;
        if (value.StartsWith('#') && !IsString(attribute.Tag))
        {
            text.Append(value);
            return;
        }

        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            var edge = (i == 0 && c is ' ' or '#') || (i == value.Length - 1 && c == ' ');
            if (edge || c is '"' or '+' or ',' or ';' or '<' or '>' or '\\')
            {
                text.Append('\\').Append(c);
            }
            else if (Charsets.HasControl(c.ToString()))
            {
                foreach (var octet in Encoding.UTF8.GetBytes(c.ToString()))
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\{octet:X2}");
                }
            }
            else
            {
                text.Append(c);
            }
        }
    }

    private static bool IsString(byte tag) => tag is DerTag.Utf8String or DerTag.PrintableString or DerTag.Ia5String or DerTag.NumericString
        or DerTag.TeletexString or DerTag.BmpString or DerTag.UniversalString or DerTag.VisibleString;
}
