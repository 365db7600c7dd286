namespace AgentPki.Client.Decisions;

/// <summary>Whose answer it is.</summary>
public enum DecisionOrigin
{
    /// <summary>The appliance's, of now.</summary>
    Appliance,

    /// <summary>The appliance's of before, which it said may be relied on when it cannot be asked.</summary>
    Remembered,

    /// <summary>Nobody's: it could not be asked and nothing may be relied on, or it answered what is no answer. A no.</summary>
    Nobody,
}

/// <summary>Yes or no to one action.</summary>
/// <param name="Reasons">Of the appliance the rules with what they name (<c>permitted:payments-read</c>); of nobody one sentence that says why.</param>
/// <param name="Receipt">What shows it to others; null: there is none.</param>
public sealed record DecisionAnswer(bool IsPermitted, DecisionOrigin Origin, IReadOnlyList<string> Reasons, string? Receipt)
{
    /// <summary>The decision's number in the appliance's log; null: nobody decided.</summary>
    public string? Id { get; init; }

    /// <summary>The first reason as a sentence, for people.</summary>
    public string Explanation { get; init; } = "";

    /// <summary>What whoever carries it out has to heed (compliance tags of the agent's certificate).</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];
}

/// <summary>An answer that was given without the appliance.</summary>
public sealed class OfflineDecisionEventArgs(DecisionQuestion question, DecisionAnswer answer, DateTimeOffset at, string why) : EventArgs
{
    public DecisionQuestion Question { get; } = question;

    public DecisionAnswer Answer { get; } = answer;

    /// <summary>By this machine's clock.</summary>
    public DateTimeOffset At { get; } = at;

    /// <summary>Why the appliance could not be asked.</summary>
    public string Why { get; } = why;
}
