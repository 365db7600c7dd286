using System.Globalization;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Configuration;

/// <summary>Spans of time as people write them in a configuration: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>12h</c>, <c>2d</c>.</summary>
public static class Durations
{
    private static readonly (string Suffix, TimeSpan Unit)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    public static bool TryParse(string text, out TimeSpan value)
    {
        foreach (var (suffix, unit) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal) &&
                int.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count) &&
                count <= TimeSpan.MaxValue / unit)
            {
                value = unit * count;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>What a person typed.</summary>
    /// <exception cref="CommandException">It is no time; says how to write one.</exception>
    public static TimeSpan Parse(string text) => TryParse(text, out var value) ? value : throw new CommandException(ExitCodes.Usage, $"'{text}' is not a time.", "Write it as 30m, 12h or 7d.");

    /// <summary>The largest unit that fits without a remainder.</summary>
    public static string Format(TimeSpan value)
    {
        foreach (var (suffix, unit) in Units.Reverse())
        {
            if (value.Ticks % unit.Ticks == 0 && value >= unit)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / unit.Ticks}{suffix}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:0}ms");
    }
}
