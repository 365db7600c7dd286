using System.Buffers;
using System.Globalization;
using System.Text;

namespace AgentPki.Agents.Registry;

/// <summary>What texts of the registry may be made of: a second person reads them and says yes, so that nothing in them is invisible or turns the line around.</summary>
public static class RegistryText
{
    /// <summary>Null, or what is wrong: 1 to so many characters, of letters, digits, marks, punctuation, symbols and single spaces between them.</summary>
    public static string? WhyNot(string text, int longest)
    {
        if (text.Length == 0 || text.Length > longest)
        {
            return string.Create(CultureInfo.InvariantCulture, $"1 to {longest} characters are wanted");
        }

        if (text[0] == ' ' || text[^1] == ' ')
        {
            return "no spaces are wanted at its ends";
        }

        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done || !IsSeen(rune))
            {
                return "only characters that are seen are wanted: no controls, no line ends, nothing that turns the writing around";
            }

            rest = rest[length..];
        }

        return null;
    }

    /// <summary>1 to 64 lower-case letters, digits, '.', '_' and '-', a letter or digit first.</summary>
    public static bool IsWord(string text) =>
        text is { Length: >= 1 and <= 64 } && (char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0])) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-');

    private static bool IsSeen(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
