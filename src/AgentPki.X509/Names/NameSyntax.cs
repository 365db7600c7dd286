using System.Collections.Frozen;
using AgentPki.X509.Der;

namespace AgentPki.X509.Names;

/// <summary>String types and upper bounds of name attributes (RFC 5280 appendix A.1, RFC 4519).</summary>
public static class NameSyntax
{
    private static readonly FrozenDictionary<string, int> UpperBounds = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [Oids.CommonName] = 64,
        [Oids.Surname] = 40,
        [Oids.GivenName] = 16 * 4,
        [Oids.SerialNumber] = 64,
        [Oids.Country] = 2,
        [Oids.Locality] = 128,
        [Oids.StateOrProvince] = 128,
        [Oids.Organization] = 64,
        [Oids.OrganizationalUnit] = 64,
        [Oids.Title] = 64,
        [Oids.Pseudonym] = 128,
        [Oids.EmailAddress] = 255,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The most characters a value of this type may have; 1,024 where no standard fixes it.</summary>
    public static int UpperBound(string oid) => UpperBounds.GetValueOrDefault(oid, 1024);

    /// <summary>The DER tag this attribute's value is written with.</summary>
    public static byte StringType(string oid) => oid switch
    {
        Oids.Country or Oids.SerialNumber or Oids.DnQualifier => DerTag.PrintableString,
        Oids.DomainComponent or Oids.EmailAddress => DerTag.Ia5String,
        _ => DerTag.Utf8String,
    };

    /// <summary>Checks a value that is about to be written and returns its tag.</summary>
    /// <exception cref="ArgumentException">Empty, too long, or with characters its type lacks.</exception>
    internal static byte Check(string oid, string value)
    {
        var tag = StringType(oid);
        if (value.Length == 0 || value.Length > UpperBound(oid))
        {
            throw new ArgumentException($"A value of attribute {oid} has 1 to {UpperBound(oid)} characters, not {value.Length}.", nameof(value));
        }

        var fits = tag switch
        {
            DerTag.PrintableString => !value.AsSpan().ContainsAnyExcept(Charsets.PrintableChars),
            DerTag.Ia5String => !value.AsSpan().ContainsAnyExceptInRange(' ', '~'),
            _ => !Charsets.HasControl(value) && !HasLoneSurrogate(value),
        };
        return fits ? tag : throw new ArgumentException($"The value of attribute {oid} has characters that are not allowed in it.", nameof(value));
    }

    private static bool HasLoneSurrogate(string value)
    {
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune == System.Text.Rune.ReplacementChar)
            {
                return true;
            }
        }

        return false;
    }
}
