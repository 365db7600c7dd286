using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Protocols.Admin;

/// <summary>How the watch goes.</summary>
/// <param name="RulesSha256">Of the rules in force.</param>
/// <param name="Problem">Why the rules as they lie in the home do not serve.</param>
/// <param name="Agents">Agents whose behaviour is known.</param>
/// <param name="Waiting">Events that wait to be looked at.</param>
/// <param name="Dropped">Events since the start that were not looked at because too many waited.</param>
/// <param name="LastHour">Responses by rule within the last hour.</param>
/// <param name="LastDay">Responses by rule within the last day.</param>
/// <param name="Webhook">Who is told; null: nobody outside.</param>
public sealed record WatchStatusView(string RulesSha256, string? Problem, long Agents, long Waiting, long Dropped, long LastHour, long LastDay, WatchWebhookView? Webhook);

/// <param name="Receiver">Host and port.</param>
/// <param name="Waiting">Events that wait to be sent.</param>
/// <param name="Lost">Events since the start that it was not told of.</param>
/// <param name="Problem">Why the last one was not taken.</param>
public sealed record WatchWebhookView(string Receiver, long Waiting, long Lost, string? Problem);

/// <summary>What was done about an agent by rule.</summary>
/// <param name="Detector">What found it: <c>burst</c>, <c>refusals</c>, …</param>
/// <param name="Response"><c>narrow</c>, <c>suspend</c>, <c>suspend-family</c> or <c>revoke-family</c>.</param>
/// <param name="State"><c>begun</c>, <c>done</c>, <c>notDone</c> or <c>reverted</c>.</param>
/// <param name="Problem">Why it was not done.</param>
/// <param name="Certificates">Certificates that it held or revoked.</param>
/// <param name="Agents">Agents that it suspended.</param>
/// <param name="Adjustment">The narrowing that it is.</param>
/// <param name="RulesSha256">Of the rules that said so.</param>
public sealed record WatchResponseView(
    string Id,
    string Agent,
    string Detector,
    string Response,
    string Explanation,
    string State,
    string? Problem,
    DateTimeOffset At,
    long Certificates,
    long Agents,
    string? Adjustment,
    DateTimeOffset? Reverted,
    string? RevertedBy,
    string? ApprovedBy,
    string RulesSha256)
{
    internal static WatchResponseView Of(WatchResponse response) => new(
        response.Id, response.AgentId, response.Detector, response.Response, response.Explanation, WordOf(response.State), response.Problem, response.At, response.Certificates, response.Agents,
        response.AdjustmentId, response.Reverted, response.RevertedBy, response.ApprovedBy, response.RulesDigest);

    private static string WordOf(WatchResponseState state) => state switch
    {
        WatchResponseState.Begun => "begun",
        WatchResponseState.Done => "done",
        WatchResponseState.NotDone => "notDone",
        WatchResponseState.Reverted => "reverted",
    };
}

/// <param name="Next">Where the next page begins (<c>after</c>); null: there is none.</param>
public sealed record WatchResponsesView(IReadOnlyList<WatchResponseView> Responses, string? Next);

/// <param name="Suspended">What the response still has to do with that it is suspended: <c>alone</c> is why; <c>shared</c>: somebody else has decided it too; <c>over</c>: nothing.</param>
/// <param name="Held">The same of certificates that are held.</param>
public sealed record AnsweredAgentView(string Agent, string Suspended, string Held);

/// <param name="Affected">Agents that it changed, at most 1000.</param>
public sealed record WatchResponseDetailsView(WatchResponseView Response, IReadOnlyList<AnsweredAgentView> Affected);

/// <param name="Released">Certificates that are good again.</param>
/// <param name="Activated">Agents that are active again.</param>
/// <param name="Remarks">What was not given back, and why.</param>
public sealed record WatchRevertedView(WatchResponseView Response, long Released, long Activated, IReadOnlyList<string> Remarks);
