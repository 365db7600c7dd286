using System.Globalization;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>How long something lasts, as scripts say it: days (<c>90d</c>) or calendar years (<c>10y</c>), at most 50 years.</summary>
public static class Validities
{
    private const int MostYears = 50;

    /// <param name="end">From a beginning to the end.</param>
    public static bool TryParse(string text, out Func<DateTimeOffset, DateTimeOffset> end)
    {
        end = static from => from;
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0)
        {
            return false;
        }

        switch (text[^1])
        {
            case 'd' when count <= MostYears * 366:
                end = from => from.AddDays(count);
                return true;
            case 'y' when count <= MostYears:
                end = from => from.AddYears(count);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The end of what a field of a plan says, which was read once before.</summary>
    public static DateTimeOffset EndOf(string text, DateTimeOffset from) => TryParse(text, out var end) ? end(from) : throw new FormatException($"'{text}' is no validity.");
}
