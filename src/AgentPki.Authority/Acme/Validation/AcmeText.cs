using System.Globalization;
using System.Text;

namespace AgentPki.Authority.Acme.Validation;

/// <summary>How what came from outside is shown in an error text or in the ledger: short, on one line, nothing that steers a terminal or hides.</summary>
public static class AcmeText
{
    /// <summary>At most <paramref name="length"/> characters, the unprintable ones as <c>?</c>, an ellipsis where something is left out.</summary>
    public static string Shown(string text, int length = 80)
    {
        var cut = text.Length > length;
        var shown = new StringBuilder(Math.Min(text.Length, length) + 1);
        foreach (var c in cut ? text.AsSpan(0, length) : text.AsSpan())
        {
            shown.Append(IsPlain(c) ? c : '?');
        }

        return cut ? shown.Append('…').ToString() : shown.ToString();
    }

    /// <summary>Whether a character is what it looks like: no control, format, surrogate or private character, no line break.</summary>
    public static bool IsPlain(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
