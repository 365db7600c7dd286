namespace AgentPki.Authority.Watching.Responses;

/// <summary>Begun → Done or NotDone; Done → Reverted.</summary>
public enum WatchResponseState : byte
{
    /// <summary>The ledger explains it; nothing is done yet. Stays so when the appliance was killed in between.</summary>
    Begun = 0,
    Done = 1,

    /// <summary>It was not done; why stands in <see cref="WatchResponse.Problem"/>.</summary>
    NotDone = 2,

    /// <summary>Two people took it back.</summary>
    Reverted = 3,
}

/// <summary>What was done about an agent by rule, and what became of it.</summary>
/// <param name="Id"><c>w-</c> and 16 hexadecimal digits; the correlation id of its entries.</param>
/// <param name="AgentId">Whose behaviour it answers.</param>
/// <param name="Detector">The detector's word.</param>
/// <param name="Response">The response's word.</param>
/// <param name="Explanation">The sentence with the numbers.</param>
/// <param name="RulesDigest">SHA-256 of the rules that said so, lower-case hexadecimal.</param>
/// <param name="At">When it was decided.</param>
public sealed record WatchResponse(string Id, string AgentId, string Detector, string Response, string Explanation, string RulesDigest, DateTimeOffset At)
{
    public WatchResponseState State { get; init; }

    /// <summary>Why it was not done.</summary>
    public string? Problem { get; init; }

    /// <summary>Certificates that it held or revoked.</summary>
    public long Certificates { get; init; }

    /// <summary>Agents that it suspended.</summary>
    public long Agents { get; init; }

    /// <summary>The revocation epoch that has its certificates; null: it took none.</summary>
    public long? Epoch { get; init; }

    /// <summary>The narrowing that it is.</summary>
    public string? AdjustmentId { get; init; }

    public DateTimeOffset? Reverted { get; init; }

    /// <summary>Who asked for its end.</summary>
    public string? RevertedBy { get; init; }

    /// <summary>Who approved that; null: nobody had to (a development home).</summary>
    public string? ApprovedBy { get; init; }
}

/// <summary>What a response still has to do with what it did to an agent.</summary>
public enum AnswerStanding : byte
{
    /// <summary>Nothing: it was taken back, ended otherwise, or never was.</summary>
    Over = 0,

    /// <summary>It alone is why; taking it back ends it.</summary>
    Alone = 1,

    /// <summary>Somebody else has decided the same since; taking it back leaves that.</summary>
    Shared = 2,
}

/// <summary>An agent that a response changed.</summary>
/// <param name="Suspended">That it is suspended.</param>
/// <param name="Held">That certificates of it are held.</param>
public sealed record AnsweredAgent(string AgentId, AnswerStanding Suspended, AnswerStanding Held);
