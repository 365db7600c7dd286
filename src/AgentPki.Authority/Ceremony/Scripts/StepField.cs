using System.Globalization;
using AgentPki.Authority.Profiles;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>One field of a step in a script: what may stand in it.</summary>
/// <param name="Meaning">For people: one line of <c>agentpki ceremony steps</c>.</param>
/// <param name="WhyNot">Why a text may not stand there, or null.</param>
/// <param name="IsFile">A path, relative to the script: its digest is part of the plan.</param>
/// <param name="Otherwise">What stands there when the script leaves it out; null with <paramref name="IsRequired"/> false: nothing.</param>
public sealed record StepField(string Name, string Meaning, bool IsRequired, Func<string, string?> WhyNot, bool IsFile = false, string? Otherwise = null)
{
    private const int LongestText = 512;

    /// <summary>A name of a CA: it stands in URLs.</summary>
    public static StepField AuthorityName(string name, string meaning, bool required = true, string? otherwise = null) => new(name, meaning, required,
        text => text.Length is >= 1 and <= 32 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') ? null : "1 to 32 lower-case letters, digits and '-' are wanted", Otherwise: otherwise);

    public static StepField Text(string name, string meaning, bool required = false) => new(name, meaning, required,
        text => text.Length <= LongestText && !text.Any(char.IsControl) ? null : $"at most {LongestText} characters on one line are wanted");

    public static StepField Word(string name, string meaning, string otherwise, params IReadOnlyList<string> words) => new(name, meaning, false,
        text => words.Contains(text) ? null : $"one of {string.Join(", ", words)} is wanted", Otherwise: otherwise);

    public static StepField Subject(string name, string meaning) => new(name, meaning, true, text =>
    {
        try
        {
            _ = X500Name.FromRfc4514(text);
            return null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return e.Message.Split(" (Parameter", 2)[0];
        }
    });

    /// <summary>A kind of key or keys: <c>ecdsa-p384</c>, <c>catalyst ecdsa-p384 + ml-dsa-65</c>.</summary>
    public static StepField Keys(string name, string meaning, string? otherwise = null, bool required = true) => new(name, meaning, required && otherwise is null,
        text => KeyKind.TryParse(text, out _, out var error) ? null : error, Otherwise: otherwise);

    public static StepField Validity(string name, string meaning, string otherwise) => new(name, meaning, false,
        text => Validities.TryParse(text, out _) ? null : "days or years are wanted: 90d, 10y", Otherwise: otherwise);

    public static StepField Number(string name, string meaning, string otherwise, int minimum, int maximum) => new(name, meaning, false,
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum ? null : $"a number from {minimum} to {maximum} is wanted", Otherwise: otherwise);

    public static StepField File(string name, string meaning, bool required = true) => new(name, meaning, required, text => text.Any(char.IsControl) ? "a path is wanted" : null, IsFile: true);
}
