using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Agents.Behaviour;

/// <summary>What is looked for in an agent's behaviour (docs/watching.md).</summary>
public enum Detector : byte
{
    /// <summary>Many requests at once.</summary>
    Burst = 0,

    /// <summary>Many refusals, and many of its requests refused.</summary>
    Refusals = 1,

    /// <summary>Many resources that it has not used before.</summary>
    NewResources = 2,

    /// <summary>Networks that it has not come from before.</summary>
    NewNetworks = 3,

    /// <summary>At work in hours of the week in which it never was.</summary>
    OffHours = 4,

    /// <summary>Many children.</summary>
    FanOut = 5,
}

/// <summary>Detectors as words.</summary>
public static class Detectors
{
    public static ImmutableArray<Detector> All { get; } = [.. Enum.GetValues<Detector>()];

    public static string Word(this Detector detector) => detector switch
    {
        Detector.Burst => "burst",
        Detector.Refusals => "refusals",
        Detector.NewResources => "newResources",
        Detector.NewNetworks => "newNetworks",
        Detector.OffHours => "offHours",
        Detector.FanOut => "fanOut",
    };

    public static bool TryParse(string text, [NotNullWhen(true)] out Detector? detector)
    {
        detector = null;
        foreach (var candidate in All)
        {
            if (candidate.Word() == text)
            {
                detector = candidate;
            }
        }

        return detector is not null;
    }
}
