using System.Globalization;

namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>Who a process acts as, from <c>/proc/PID/status</c> (proc(5)).</summary>
/// <param name="User">Effective.</param>
/// <param name="Group">Effective.</param>
/// <param name="Groups">Supplementary ones.</param>
public sealed record ProcessStatus(uint User, uint Group, IReadOnlyList<uint> Groups)
{
    private static readonly char[] Gaps = [' ', '\t'];

    /// <summary>Null when the process has ended, or says something else than Linux does.</summary>
    public static ProcessStatus? Read(string folder)
    {
        try
        {
            return Parse(File.ReadAllText($"{folder}/status"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static ProcessStatus? Parse(string text)
    {
        // The name of the process comes first, and the kernel escapes line ends in it.
        var lines = text.Split('\n');
        var users = NumbersOf(lines, "Uid:");
        var groups = NumbersOf(lines, "Gid:");
        var more = NumbersOf(lines, "Groups:");
        return users is { Count: 4 } && groups is { Count: 4 } && more is not null ? new ProcessStatus(users[1], groups[1], more) : null;
    }

    private static List<uint>? NumbersOf(string[] lines, string field)
    {
        if (lines.FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal)) is not { } line)
        {
            return null;
        }

        var numbers = new List<uint>();
        foreach (var text in line[field.Length..].Split(Gaps, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            numbers.Add(number);
        }

        return numbers;
    }
}
