using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Agents.Registry;

/// <summary>How much harm an agent can do. The numbers lie in the store: never reuse one.</summary>
public enum RiskTier : byte
{
    /// <summary>Where an agent begins that nobody has registered.</summary>
    Low = 0,
    Medium = 1,
    High = 2,
    Critical = 3,
}

/// <summary>Tiers as words.</summary>
public static class RiskTiers
{
    public static ImmutableArray<RiskTier> All { get; } = [.. Enum.GetValues<RiskTier>()];

    public static string Word(this RiskTier tier) => tier switch
    {
        RiskTier.Low => "low",
        RiskTier.Medium => "medium",
        RiskTier.High => "high",
        RiskTier.Critical => "critical",
    };

    public static bool TryParse(string text, [NotNullWhen(true)] out RiskTier? tier)
    {
        tier = null;
        foreach (var candidate in All)
        {
            if (candidate.Word() == text)
            {
                tier = candidate;
            }
        }

        return tier is not null;
    }
}
