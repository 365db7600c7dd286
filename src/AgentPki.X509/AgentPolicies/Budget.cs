using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// How much an agent may use up in all, by unit (<c>usd-cents</c>, <c>tool-calls</c>): whole numbers from 0 to 2^53-1, which JSON carries exactly (RFC 8259 §6). A unit that is not named is not bounded.
/// Who counts is the appliance that decides actions; a certificate says only how much there is.
/// </summary>
public sealed class Budget : IEquatable<Budget>
{
    /// <summary>Units in one budget.</summary>
    public const int Maximum = 16;

    /// <summary>The greatest amount: 2^53-1.</summary>
    public const long MaximumAmount = (1L << 53) - 1;

    private Budget(ImmutableSortedDictionary<string, long> amounts) => Amounts = amounts;

    public static Budget Unbounded { get; } = new(ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal));

    /// <summary>By unit, sorted.</summary>
    public ImmutableSortedDictionary<string, long> Amounts { get; }

    /// <exception cref="FormatException">A unit that is no name, an amount out of range, or more than <see cref="Maximum"/> units.</exception>
    public static Budget Of(params IEnumerable<KeyValuePair<string, long>> amounts) => TryCreate(amounts, out var budget, out var error) ? budget : throw new FormatException(error);

    public static bool TryCreate(IEnumerable<KeyValuePair<string, long>> amounts, [NotNullWhen(true)] out Budget? budget, [NotNullWhen(false)] out string? error)
    {
        var builder = Unbounded.Amounts.ToBuilder();
        (budget, error) = (null, null);
        foreach (var (unit, amount) in amounts)
        {
            error = !NameSet.IsName(unit) ? "a budget's unit is 1 to 64 lower-case letters, digits, '.', '_' and '-'"
                : amount is < 0 or > MaximumAmount ? $"the budget of {unit} is not between 0 and {MaximumAmount}"
                : !builder.TryAdd(unit, amount) ? $"the budget names {unit} twice"
                : builder.Count > Maximum ? $"a budget has at most {Maximum} units"
                : null;
            if (error is not null)
            {
                return false;
            }
        }

        budget = new Budget(builder.ToImmutable());
        return true;
    }

    /// <summary>The first unit of which <paramref name="inner"/> may use up more than this allows; null: of none.</summary>
    public string? FindOutside(Budget inner)
    {
        foreach (var (unit, amount) in Amounts)
        {
            if (!inner.Amounts.TryGetValue(unit, out var within) || within > amount)
            {
                return unit;
            }
        }

        return null;
    }

    /// <summary>The smaller amount of each unit.</summary>
    /// <exception cref="FormatException">Together they name more than <see cref="Maximum"/> units.</exception>
    public Budget Intersect(Budget other)
    {
        var builder = Amounts.ToBuilder();
        foreach (var (unit, amount) in other.Amounts)
        {
            builder[unit] = builder.TryGetValue(unit, out var mine) ? Math.Min(mine, amount) : amount;
        }

        return Of(builder);
    }

    public bool Equals(Budget? other) => other is not null && Amounts.SequenceEqual(other.Amounts);

    public override bool Equals(object? obj) => Equals(obj as Budget);

    public override int GetHashCode() => Amounts.Count;

    public override string ToString() => string.Join(' ', Amounts.Select(a => $"{a.Key}={a.Value}"));
}
