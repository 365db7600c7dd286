using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgentPki.Authority.Governance;

/// <summary>
/// An administrator's name: 2 to 64 of <c>[a-z0-9.-]</c>, a letter first, a letter or digit last. It stands in the ledger and is read by people who approve, so no two
/// may look alike: <see cref="Likeness"/> is taken once.
/// </summary>
/// <param name="Text">As it is written.</param>
/// <param name="Likeness">What names that a person may take for each other have in common.</param>
public sealed record AdministratorName(string Text, string Likeness)
{
    private const int MaximumLength = 64;

    public const string Rule = "a name is 2 to 64 lower-case letters, digits, '.' and '-', a letter first and a letter or digit last";

    public static bool TryParse(string? text, [NotNullWhen(true)] out AdministratorName? name)
    {
        name = null;
        if (text is not { Length: >= 2 and <= MaximumLength } || !char.IsAsciiLetterLower(text[0]) || !IsWord(text[^1]) || !text.All(c => IsWord(c) || c is '.' or '-'))
        {
            return false;
        }

        name = new AdministratorName(text, LikenessOf(text));
        return true;
    }

    private static bool IsWord(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    // 0 and o, 1, i, j and l, 5 and s, rn and m, vv and w, cl and d; dots and hyphens are overlooked.
    private static string LikenessOf(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = c switch
            {
                '.' or '-' => folded,
                '0' => folded.Append('o'),
                '1' or 'i' or 'j' => folded.Append('l'),
                '5' => folded.Append('s'),
                '2' => folded.Append('z'),
                _ => folded.Append(c),
            };
        }

        return folded.Replace("rn", "m").Replace("vv", "w").Replace("cl", "d").ToString();
    }
}
