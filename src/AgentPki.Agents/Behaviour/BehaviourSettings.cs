using System.Collections.Immutable;

namespace AgentPki.Agents.Behaviour;

/// <summary>How behaviour is judged.</summary>
public sealed record BehaviourSettings
{
    /// <summary>By <see cref="Detector"/>.</summary>
    public ImmutableArray<DetectorRule> Rules { get; init; } =
    [
        new(TimeSpan.FromSeconds(60), AtLeast: 60, Factor: 4, Bound: 3000, Memory: 400),
        new(TimeSpan.FromMinutes(10), AtLeast: 12, Factor: 4, Bound: 100, Memory: 400, Share: 0.25f),
        new(TimeSpan.FromHours(1), AtLeast: 20, Factor: 4, Bound: null, Memory: 100),
        new(TimeSpan.FromDays(1), AtLeast: 1, Factor: 3, Bound: null, Memory: 30),
        new(TimeSpan.FromHours(1), AtLeast: 5, Factor: 4, Bound: null, Memory: 100),
        new(TimeSpan.FromHours(1), AtLeast: 10, Factor: 4, Bound: 200, Memory: 100),
    ];

    /// <summary>On how many days an agent is at work before anything is called unusual for it.</summary>
    public ushort LearningDays { get; init; } = 5;

    /// <summary>How many agents are remembered; one more, and the one that was silent longest is forgotten.</summary>
    public int MaximumAgents { get; init; } = 100_000;

    public static BehaviourSettings Default { get; } = new();

    public DetectorRule Of(Detector detector) => Rules[(int)detector];
}
