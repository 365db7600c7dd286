using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>Words that people gave: environments, data classes, obligations. Each 1 to 64 of <c>a-z 0-9 . _ -</c>; sorted, each once.</summary>
public sealed class NameSet : IEquatable<NameSet>
{
    /// <summary>Names in one set.</summary>
    public const int Maximum = 32;

    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    private NameSet(ImmutableArray<string> names) => Names = names;

    public static NameSet Empty { get; } = new([]);

    public ImmutableArray<string> Names { get; }

    public bool IsEmpty => Names.IsEmpty;

    /// <exception cref="FormatException">A name that is none, or more than <see cref="Maximum"/>.</exception>
    public static NameSet Of(params IEnumerable<string> names) => TryCreate(names, out var set, out var error) ? set : throw new FormatException(error);

    public static bool TryCreate(IEnumerable<string> names, [NotNullWhen(true)] out NameSet? set, [NotNullWhen(false)] out string? error)
    {
        var sorted = names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToImmutableArray();
        error = sorted.Length > Maximum ? $"{sorted.Length} names: at most {Maximum} fit"
            : sorted.Any(name => !IsName(name)) ? "a name is 1 to 64 lower-case letters, digits, '.', '_' and '-'"
            : null;
        set = error is null ? new NameSet(sorted) : null;
        return error is null;
    }

    public static bool IsName([NotNullWhen(true)] string? text) => text is { Length: > 0 and <= 64 } && !text.AsSpan().ContainsAnyExcept(Characters);

    public bool Contains(string name) => Names.BinarySearch(name, StringComparer.Ordinal) >= 0;

    /// <summary>A name of <paramref name="inner"/> that is not here; null: all are.</summary>
    public string? FindOutside(NameSet inner) => inner.Names.FirstOrDefault(name => !Contains(name));

    public NameSet Intersect(NameSet other) => new([.. Names.Where(other.Contains)]);

    /// <exception cref="FormatException">Together they are more than <see cref="Maximum"/>.</exception>
    public NameSet Union(NameSet other) => Of(Names.Concat(other.Names));

    public bool Equals(NameSet? other) => other is not null && Names.AsSpan().SequenceEqual(other.Names.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as NameSet);

    public override int GetHashCode() => Names.IsEmpty ? 0 : HashCode.Combine(Names.Length, Names[0]);

    public override string ToString() => string.Join(' ', Names);
}
