using System.Globalization;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching.Responses;

/// <summary>Who takes a response back.</summary>
/// <param name="By">Who asked.</param>
/// <param name="ApprovedBy">Who approved; null: nobody had to.</param>
/// <param name="Actor">Both, as the ledger names them.</param>
public sealed record ReversalRequest(string ResponseId, string By, string? ApprovedBy, string Actor, string CorrelationId);

/// <summary>What came of it.</summary>
/// <param name="Released">Certificates that are good again.</param>
/// <param name="Activated">Agents that are active again.</param>
/// <param name="Remarks">What it did not give back, and why, in sentences.</param>
public sealed record ReversedResponse(WatchResponse Response, long Released, long Activated, IReadOnlyList<string> Remarks);

/// <summary>
/// Takes back what was done about an agent by rule: exactly that, in one commit, as far as nobody else has decided the same or more since. What was done by rule is let go in no other way
/// (<see cref="WhyHeldAsync"/>): two people do it.
/// </summary>
public sealed class ResponseReversal(IWatchStore watch, IAgentStore agents, AdjustmentService adjustments, IWatchAlerts? alerts, CommitWriter commits, AuditTrail audit, TimeProvider time, ILogger<ResponseReversal> logger)
{
    private const int MostAgents = 1000;
    private const string Protocol = "admin";

    /// <summary>Why it cannot be taken back; null: it can.</summary>
    public async ValueTask<PkiProblem?> WhyNotAsync(string responseId, CancellationToken cancellationToken) => await watch.FindResponseAsync(responseId, cancellationToken) switch
    {
        null => new PkiProblem(PkiProblemKind.NotFound, $"there is no response {responseId}: 'agentpki watch responses' lists them"),
        { State: WatchResponseState.Reverted } known => new PkiProblem(
            PkiProblemKind.Conflict,
            $"response {responseId} was taken back already, on {known.Reverted?.ToString("u", CultureInfo.InvariantCulture)} by {known.RevertedBy}{(known.ApprovedBy is { } second ? $" and {second}" : "")}"),
        { State: WatchResponseState.NotDone } known => new PkiProblem(PkiProblemKind.Conflict, $"response {responseId} was not done ({known.Problem}): there is nothing to take back"),
        { State: WatchResponseState.Begun } => new PkiProblem(PkiProblemKind.Conflict, $"response {responseId} was explained and not done: there is nothing to take back"),
        _ => null,
    };

    /// <summary>Takes it back. Once: asked again, it says that it was.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<ReversedResponse>> RevertAsync(ReversalRequest request, CancellationToken cancellationToken)
    {
        if (await WhyNotAsync(request.ResponseId, cancellationToken) is { } problem)
        {
            return await RefuseAsync(request, problem, cancellationToken);
        }

        var known = await watch.FindResponseAsync(request.ResponseId, cancellationToken) ?? throw new InvalidOperationException($"Response {request.ResponseId} is not there.");
        var answered = await watch.ListAnsweredAsync(known.Id, MostAgents, cancellationToken);
        var now = time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.BehaviourAnswerReverted, now, request.Actor, AuditDetails.Of(
            (AuditDetails.Response, known.Id),
            (AuditDetails.Agent, known.AgentId),
            (AuditDetails.Detector, known.Detector),
            (AuditDetails.Decision, known.Response),
            (AuditDetails.Adjustment, known.AdjustmentId),
            (AuditDetails.Request, request.CorrelationId),
            (AuditDetails.Correlation, known.Id)));
        var change = new StoreChange.RevertWatchResponse(known.Id, now, request.By, request.ApprovedBy);
        switch (await commits.CommitAsync(new CommitRequest(entry, [change]) { Completing = Complete }, cancellationToken))
        {
            case CommitOutcome.Committed { Selected: { } selected }:
                if (known.AdjustmentId is not null)
                {
                    await adjustments.ReloadAsync(CancellationToken.None); // it is committed, whoever waits
                }

                Log.Reverted(logger, known.Response, known.AgentId, known.Id, request.Actor, selected.Count, selected.Agents);
                await TellAsync(known, request, now);
                return new Outcome<ReversedResponse>.Done(new ReversedResponse(
                    await watch.FindResponseAsync(known.Id, CancellationToken.None) ?? known, selected.Count, selected.Agents, [.. await RemarksAsync(known, answered)]));
            case CommitOutcome.Conflict(_, var reason):
                return await RefuseAsync(request, new PkiProblem(PkiProblemKind.Conflict, reason), cancellationToken);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Why what is selected is not let go by whoever asks for that alone: a response by rule stands, and two people take it back. Null: none does.</summary>
    internal static async ValueTask<PkiProblem?> WhyHeldAsync(IWatchStore watch, RevocationSelector selector, DateTimeOffset now, CancellationToken cancellationToken) =>
        await watch.FindStandingAsync(selector, now, cancellationToken) is { } standing
            ? new PkiProblem(PkiProblemKind.Conflict, $"response {standing.Id} ({standing.Response}, by rule, about {standing.AgentId}) stands: two people take it back, with 'agentpki watch revert {standing.Id}'")
            : null;

    private static LedgerEntry Complete(LedgerEntry entry, SelectedSet selected) => entry with
    {
        Details = entry.Details
            .Add(AuditDetails.CertificateCount, selected.Count.ToString(CultureInfo.InvariantCulture))
            .Add(AuditDetails.Agents, selected.Agents.ToString(CultureInfo.InvariantCulture))
            .Add(LedgerFacts.SetDigest, selected.Digest),
    };

    private async ValueTask TellAsync(WatchResponse known, ReversalRequest request, DateTimeOffset now)
    {
        if (alerts is not null && await agents.FindAsync(known.AgentId, CancellationToken.None) is { } agent)
        {
            alerts.Publish(new WatchAlert($"{known.Id}-reverted", now, known.AgentId, agent.Owner, agent.Registration.Tier.Word(), known.Detector, known.Explanation, known.Response, true, null, known.RulesDigest) { RevertedBy = request.Actor });
        }
    }

    /// <summary>What people may expect, and did not get.</summary>
    private async ValueTask<IEnumerable<string>> RemarksAsync(WatchResponse known, IReadOnlyList<AnsweredAgent> answered)
    {
        var remarks = new List<string>();
        if (known.Certificates > 0 && known.Response == BehaviourResponse.RevokeFamily.Word())
        {
            remarks.Add("certificates that it revoked stay revoked, and their keys are not certified again: the agents enrol anew, with new keys");
        }

        foreach (var agent in answered.Where(a => a.Suspended != AnswerStanding.Over || a.Held != AnswerStanding.Over))
        {
            if (agent.Suspended != AnswerStanding.Over && await agents.FindAsync(agent.AgentId, CancellationToken.None) is { State: not AgentState.Active } still)
            {
                remarks.Add($"{agent.AgentId} stays {still.State.ToString().ToLowerInvariant()}: {WhyStill(agent.Suspended)}");
            }
            else if (agent.Held == AnswerStanding.Shared)
            {
                remarks.Add($"certificates of {agent.AgentId} stay held: {WhyStill(agent.Held)}");
            }
        }

        return remarks;
    }

    private static string WhyStill(AnswerStanding was) => was == AnswerStanding.Shared ? "somebody has decided that too" : "another response by rule, or somebody, has decided that";

    private async ValueTask<Outcome<ReversedResponse>> RefuseAsync(ReversalRequest request, PkiProblem problem, CancellationToken cancellationToken)
    {
        await audit.RefuseAsync(new Refusal(request.Actor, problem, Protocol, request.CorrelationId), cancellationToken);
        return new Outcome<ReversedResponse>.Refused(problem);
    }
}
