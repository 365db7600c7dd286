namespace AgentPki.Agents.Decisions;

/// <summary>Which rule decided. Each has one word on the wire.</summary>
public enum DecisionRule
{
    /// <summary>A policy or an elevation permits it.</summary>
    Permitted,

    /// <summary>The certificate or its agent is not good.</summary>
    Status,

    /// <summary>The action or the resource is not written in its one spelling.</summary>
    NotCanonical,

    /// <summary>Outside of what the agent's certificate carries.</summary>
    Bounds,

    /// <summary>Outside of the task that whoever asks named.</summary>
    Task,

    /// <summary>Outside of what the agent was narrowed to.</summary>
    Narrowed,

    /// <summary>A policy forbids it.</summary>
    Forbidden,

    /// <summary>No policy permits it.</summary>
    NoPermit,

    /// <summary>The agent has used up what its certificate gives it.</summary>
    Budget,

    /// <summary>It could not be decided: no live status, no policies, no record.</summary>
    Undecidable,
}

/// <param name="Source">The policy's or the adjustment's id, or the bound's name; null: none.</param>
/// <param name="Text">A sentence for people. No other party's data.</param>
public sealed record DecisionReason(DecisionRule Rule, string? Source, string Text);

/// <summary>The answer to a <see cref="DecisionRequest"/>.</summary>
/// <param name="Reasons">At least one; of a denial the first rule that denied, of a permission every policy that permits.</param>
public sealed record Decision(bool IsPermitted, IReadOnlyList<DecisionReason> Reasons)
{
    /// <summary>What whoever carries it out has to heed (compliance tags of the certificate); empty: nothing.</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];

    /// <summary>For how long a permission may be relied on, for the same question, when the appliance cannot be asked: whole seconds; zero: not at all.</summary>
    public TimeSpan Offline { get; init; }

    public static Decision Deny(DecisionRule rule, string? source, string text) => new(false, [new DecisionReason(rule, source, text)]);
}

/// <summary>The words of <see cref="DecisionRule"/>.</summary>
public static class DecisionRules
{
    public static string Word(this DecisionRule rule) => rule switch
    {
        DecisionRule.Permitted => "permitted",
        DecisionRule.Status => "status",
        DecisionRule.NotCanonical => "not_canonical",
        DecisionRule.Bounds => "bounds",
        DecisionRule.Task => "task",
        DecisionRule.Narrowed => "narrowed",
        DecisionRule.Forbidden => "forbidden",
        DecisionRule.NoPermit => "no_permit",
        DecisionRule.Budget => "budget",
        DecisionRule.Undecidable => "undecidable",
        _ => throw new ArgumentOutOfRangeException(nameof(rule)),
    };
}
