using System.Globalization;
using System.Xml;

namespace AgentPki.Authority.Profiles;

/// <summary>Durations as people write them in a profile: <c>90s</c>, <c>15m</c>, <c>24h</c>, <c>7d</c>, or ISO 8601 (<c>PT24H</c>, <c>P7D</c>; no months or years).</summary>
public static class Durations
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.StartsWith('P'))
        {
            return !DatePart(text).Contains('M') && !text.Contains('Y') && TryIso(text, out duration);
        }

        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        duration = TimeSpan.FromSeconds((long)count * unit);
        return unit != 0;
    }

    private static string DatePart(string text) => text.IndexOf('T') is >= 0 and var t ? text[..t] : text;

    private static bool TryIso(string text, out TimeSpan duration)
    {
        try
        {
            duration = XmlConvert.ToTimeSpan(text);
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            duration = default;
            return false;
        }
    }
}
