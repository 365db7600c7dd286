using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>The actions on resources that an agent may take: what any of its scopes has. Sorted by their texts, none within another; the empty set allows nothing.</summary>
public sealed class ScopeSet : IEquatable<ScopeSet>
{
    /// <summary>Scopes in one set.</summary>
    public const int Maximum = 64;

    private ScopeSet(ImmutableArray<Scope> scopes) => Scopes = scopes;

    public static ScopeSet Nothing { get; } = new([]);

    public ImmutableArray<Scope> Scopes { get; }

    /// <exception cref="FormatException">A scope that is none, or more than <see cref="Maximum"/>.</exception>
    public static ScopeSet Of(params IEnumerable<string> scopes) => TryCreate(scopes.Select(Scope.Parse), out var set, out var error) ? set : throw new FormatException(error);

    /// <summary>Scopes within others are left out: they add nothing.</summary>
    public static bool TryCreate(IEnumerable<Scope> scopes, [NotNullWhen(true)] out ScopeSet? set, [NotNullWhen(false)] out string? error)
    {
        var distinct = scopes.Distinct().ToList();
        var kept = distinct.Where(scope => !distinct.Exists(other => other != scope && other.Contains(scope))).ToList();
        set = kept.Count <= Maximum ? new ScopeSet([.. kept.OrderBy(s => s.ToString(), StringComparer.Ordinal)]) : null;
        error = set is null ? $"{kept.Count} scopes: at most {Maximum} fit into a policy" : null;
        return set is not null;
    }

    /// <summary>Whether an action on a resource is allowed.</summary>
    public bool Allows(string action, string resource)
    {
        foreach (var scope in Scopes)
        {
            if (scope.Matches(action, resource))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// A scope of <paramref name="inner"/> that lies in none of these; null: each lies in one. What only several scopes together cover counts as outside: that is stricter than it had to be, and can be seen by hand.
    /// </summary>
    public Scope? FindOutside(ScopeSet inner)
    {
        foreach (var scope in inner.Scopes)
        {
            if (!Scopes.Any(outer => outer.Contains(scope)))
            {
                return scope;
            }
        }

        return null;
    }

    /// <summary>What both allow.</summary>
    /// <exception cref="FormatException">It would take more than <see cref="Maximum"/> scopes.</exception>
    public ScopeSet Intersect(ScopeSet other) =>
        TryCreate(Scopes.SelectMany(one => other.Scopes.Select(one.Intersect)).OfType<Scope>(), out var set, out var error) ? set : throw new FormatException(error);

    public bool Equals(ScopeSet? other) => other is not null && Scopes.AsSpan().SequenceEqual(other.Scopes.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as ScopeSet);

    public override int GetHashCode() => Scopes.IsEmpty ? 0 : HashCode.Combine(Scopes.Length, Scopes[0]);

    public override string ToString() => string.Join(' ', Scopes);
}
