using System.Buffers;

namespace AgentPki.X509.Der;

/// <summary>Character sets of restricted strings, for octets and for characters.</summary>
internal static class Charsets
{
    // X.680 §41.4 table 10: PrintableString.
    private const string PrintableCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";

    internal static readonly SearchValues<byte> Printable = SearchValues.Create(System.Text.Encoding.ASCII.GetBytes(PrintableCharacters));

    internal static readonly SearchValues<char> PrintableChars = SearchValues.Create(PrintableCharacters);

    internal static readonly SearchValues<byte> Numeric = SearchValues.Create("0123456789 "u8);

    /// <summary>
    /// Whether a name carries a character that nobody types and that can deceive a reader or a log: C0 and C1 controls, line and paragraph
    /// separators, bidirectional overrides, zero-width characters, a byte-order mark, an unpaired surrogate.
    /// </summary>
    internal static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or (>= '\u007F' and <= '\u009F') or (>= '\u200B' and <= '\u200F') or (>= '\u2028' and <= '\u202E')
                or (>= '\u2060' and <= '\u2069') or '\uFEFF' or '\uFFFD')
            {
                return true;
            }
        }

        return false;
    }
}
