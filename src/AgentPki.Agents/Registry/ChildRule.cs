using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AgentPki.Agents.Registry;

/// <summary>Which agents an agent may have for children, and how many that are not retired. An agent without such a rule has those that profiles let it spawn.</summary>
public sealed record ChildRule
{
    public const int MostChildren = 100_000;
    private const int MostPaths = 64;
    private const int LongestPath = 512;

    private ChildRule(ImmutableArray<string> paths, int? maximum) => (Paths, Maximum) = (paths, maximum);

    /// <summary>No children at all.</summary>
    public static ChildRule None { get; } = new([], 0);

    /// <summary>Globs over the child's path (<see cref="PathPattern"/>), at least one unless there are to be no children.</summary>
    public ImmutableArray<string> Paths { get; }

    /// <summary>Null: any number.</summary>
    public int? Maximum { get; }

    public static bool TryCreate(IReadOnlyList<string> paths, int? maximum, [NotNullWhen(true)] out ChildRule? rule, [NotNullWhen(false)] out string? error)
    {
        rule = null;
        error = maximum is < 0 or > MostChildren ? string.Create(CultureInfo.InvariantCulture, $"0 to {MostChildren} children are wanted")
            : maximum != 0 && paths.Count is 0 or > MostPaths ? string.Create(CultureInfo.InvariantCulture, $"1 to {MostPaths} globs over the children's paths are wanted")
            : paths.FirstOrDefault(p => !IsGlob(p)) is { } wrong ? $"'{wrong}' is no glob over a SPIFFE ID's path: /, letters, digits, '.', '-', '_' and '*' are wanted"
            : null;
        if (error is not null)
        {
            return false;
        }

        rule = maximum == 0 ? None : new ChildRule([.. paths], maximum);
        return true;
    }

    /// <param name="path">Of the child's SPIFFE ID.</param>
    public bool Allows(string path) => Maximum != 0 && Paths.Any(pattern => PathPattern.Matches(pattern, path));

    public bool Equals(ChildRule? other) => other is not null && Maximum == other.Maximum && Paths.SequenceEqual(other.Paths);

    public override int GetHashCode() => HashCode.Combine(Maximum, Paths.Length);

    /// <summary>For people: <c>none</c>, <c>/a/* /b/** up to 5</c>.</summary>
    public override string ToString() => Maximum == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', Paths)}{(Maximum is { } most ? $" up to {most}" : "")}");

    private static bool IsGlob(string text) => text is ['/', ..] && text.Length <= LongestPath && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or '*');
}
