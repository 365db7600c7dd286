namespace AgentPki.Authority.Watching.Webhook;

/// <summary>Something that was found, and what was done about it.</summary>
/// <param name="Id">The response's id, where there was one; else of its own: <c>w-</c> and 16 hexadecimal digits.</param>
/// <param name="Tier">The agent's tier as a word.</param>
/// <param name="Detector">The detector's word.</param>
/// <param name="Explanation">The sentence with the numbers.</param>
/// <param name="Response">The response's word.</param>
/// <param name="Done">Whether that was done.</param>
/// <param name="WhyNot">Why it was not done.</param>
/// <param name="RulesDigest">SHA-256 of the rules that said so, lower-case hexadecimal.</param>
public sealed record WatchAlert(string Id, DateTimeOffset At, string Agent, string Owner, string Tier, string Detector, string Explanation, string Response, bool Done, string? WhyNot, string RulesDigest)
{
    /// <summary>Who took the response back; null: it is the response itself, or a finding.</summary>
    public string? RevertedBy { get; init; }
}

/// <param name="Receiver">Host and port of who is told; null: nobody is.</param>
/// <param name="Waiting">Events that wait to be sent.</param>
/// <param name="Lost">Events that nobody was told of.</param>
/// <param name="Problem">Why the last one was not taken; null: it was.</param>
public sealed record WatchAlertsStatus(string? Receiver, int Waiting, long Lost, string? Problem);

/// <summary>Tells somebody outside of what the watch finds.</summary>
public interface IWatchAlerts
{
    WatchAlertsStatus Status { get; }

    /// <summary>From now on it is this one that is told; null: nobody.</summary>
    void Use(WatchWebhook? webhook);

    /// <summary>Returns at once, whatever becomes of it.</summary>
    void Publish(WatchAlert alert);
}
