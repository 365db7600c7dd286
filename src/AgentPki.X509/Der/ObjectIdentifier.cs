using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace AgentPki.X509.Der;

/// <summary>OBJECT IDENTIFIER content octets (X.690 §8.19) to dotted text and back; frequent ones come from a table.</summary>
public static class ObjectIdentifier
{
    private const int Buckets = 256;
    private static readonly (byte[] Content, string Dotted)[][] Table = BuildTable();
    private static readonly System.Collections.Frozen.FrozenDictionary<string, byte[]> Encoded = System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(
        Oids.Frequent, oid => oid, EncodeSlow, StringComparer.Ordinal);

    /// <summary>The content octets of a dotted OID.</summary>
    /// <exception cref="ArgumentException">Not a dotted OID.</exception>
    public static ReadOnlySpan<byte> Encode(string dotted) => Encoded.TryGetValue(dotted, out var known) ? known : EncodeSlow(dotted);

    /// <summary>Whether a text is an object identifier in dotted form, of a length that is taken here.</summary>
    public static bool IsDotted(string text)
    {
        try
        {
            return !Encode(text).IsEmpty;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>False for empty, truncated, non-minimal or oversized content.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> content, [NotNullWhen(true)] out string? dotted)
    {
        dotted = null;
        if (content.IsEmpty || content.Length > Limits.ObjectIdentifierOctets || content[^1] >= 0x80)
        {
            return false;
        }

        foreach (var entry in Table[Hash(content)])
        {
            if (content.SequenceEqual(entry.Content))
            {
                dotted = entry.Dotted;
                return true;
            }
        }

        return TryDecodeSlow(content, out dotted);
    }

    private static bool TryDecodeSlow(ReadOnlySpan<byte> content, [NotNullWhen(true)] out string? dotted)
    {
        dotted = null;
        var text = new StringBuilder(content.Length * 3);
        BigInteger arc = 0;
        var starting = true;
        foreach (var octet in content)
        {
            // X.690 §8.19.2: the first octet of a subidentifier is not 0x80.
            if (starting && octet == 0x80)
            {
                return false;
            }

            arc = (arc << 7) | (octet & 0x7F);
            starting = octet < 0x80;
            if (!starting)
            {
                continue;
            }

            if (text.Length == 0)
            {
                // X.690 §8.19.4: the first two arcs share one subidentifier.
                var root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
                text.Append(CultureInfo.InvariantCulture, $"{root}.{arc - 40 * root}");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $".{arc}");
            }

            arc = 0;
        }

        dotted = text.ToString();
        return true;
    }

    private static byte[] EncodeSlow(string dotted)
    {
        var parts = dotted.Split('.');
        var arcs = new BigInteger[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!BigInteger.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out arcs[i]) || (parts[i].Length > 1 && parts[i][0] == '0'))
            {
                throw new ArgumentException($"'{dotted}' is not a dotted object identifier.", nameof(dotted));
            }
        }

        if (arcs.Length < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39))
        {
            throw new ArgumentException($"'{dotted}' is not a dotted object identifier.", nameof(dotted));
        }

        var content = new List<byte>();
        AppendArc(content, arcs[0] * 40 + arcs[1]);
        foreach (var arc in arcs.AsSpan(2))
        {
            AppendArc(content, arc);
        }

        return content.Count <= Limits.ObjectIdentifierOctets ? [.. content] : throw new ArgumentException($"'{dotted}' is too long.", nameof(dotted));
    }

    private static void AppendArc(List<byte> content, BigInteger arc)
    {
        var first = content.Count;
        do
        {
            content.Insert(first, (byte)((int)(arc & 0x7F) | (content.Count == first ? 0 : 0x80)));
            arc >>= 7;
        }
        while (!arc.IsZero);
    }

    private static int Hash(ReadOnlySpan<byte> content) => (content[^1] * 31 + content[content.Length / 2] * 7 + content.Length) & (Buckets - 1);

    private static (byte[] Content, string Dotted)[][] BuildTable() =>
        [.. Oids.Frequent.Select(oid => (Content: EncodeSlow(oid), Dotted: oid)).ToLookup(entry => Hash(entry.Content)) is var lookup
            ? Enumerable.Range(0, Buckets).Select(bucket => lookup[bucket].ToArray())
            : []];
}
