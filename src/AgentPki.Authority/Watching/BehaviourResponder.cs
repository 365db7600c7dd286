using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching;

/// <summary>
/// Does about a finding what the rules say of the agent's tier. First the ledger has the explanation, then it is done; what is done has an entry of its own, whose correlation is the response's id.
/// What cannot be done (too many in an hour, too many certificates, the store) is said, and left to people.
/// </summary>
internal sealed class BehaviourResponder(
    IAgentStore agents, IWatchStore responses, RevocationService revocations, AdjustmentService adjustments, CommitWriter commits, IWatchAlerts? alerts, WatchMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>The protocol of what is done by rule.</summary>
    public const string Protocol = "watch";

    /// <summary>Entries about findings that nothing but an alert follows; the rest is in log and metrics alone.</summary>
    private const int AlertsInTheLedgerAnHour = 1000;

    /// <summary>What a process that was killed can have begun: one; a damaged clock, more.</summary>
    private const int Unfinished = 100;

    /// <summary>As an adjustment's reason may be.</summary>
    private const int LongestReason = 256;

    private readonly HourlyLimit _responses = new(time);
    private readonly HourlyLimit _alerts = new(time);

    /// <summary>
    /// What was decided within the last hour counts, and what the ledger explains and a process that was killed has not done is done now: whoever has the appliance start anew gains nothing by it.
    /// </summary>
    public async ValueTask StartAsync(WatchRules rules, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - TimeSpan.FromHours(1);
        for (var done = await responses.CountResponsesAsync(since, cancellationToken); done > 0; done--)
        {
            _responses.TryTake(int.MaxValue);
        }

        foreach (var begun in await responses.ListResponsesAsync(new WatchResponseQuery { State = WatchResponseState.Begun, From = since }, Unfinished, cancellationToken))
        {
            if (await agents.FindAsync(begun.AgentId, cancellationToken) is { State: AgentState.Active } agent && BehaviourResponses.TryParse(begun.Response, out var response))
            {
                await DoAsync(new Case(begun.Id, agent, begun.Detector, response.Value, begun.Explanation, begun.RulesDigest, rules.Narrowing));
            }
        }
    }

    public async ValueTask RespondAsync(Finding finding, WatchRules rules, CancellationToken cancellationToken)
    {
        metrics.Found(finding.Detector);
        var id = $"w-{AuditDetails.Hex(RandomNumberGenerator.GetBytes(8))}";
        var explanation = finding.Explain();
        Log.Found(logger, finding.Event.Agent, finding.Detector.Word(), explanation);
        try
        {
            if (await agents.FindAsync(finding.Event.Agent, cancellationToken) is not { } agent)
            {
                return; // names nobody that could be answered; the log has it
            }

            var @case = new Case(id, agent, finding.Detector.Word(), ResponseTo(finding, agent, rules), explanation, rules.Digest, rules.Narrowing);
            await (@case.Response == BehaviourResponse.Alert ? AlertAsync(@case, cancellationToken) : AnswerAsync(@case, rules.ResponsesAnHour, cancellationToken));
        }
        catch (StoreUnavailableException failure)
        {
            Log.NotRecorded(logger, finding.Event.Agent, failure);
        }
    }

    /// <summary>What was held or narrowed already is not so again: it is said that it goes on.</summary>
    private BehaviourResponse ResponseTo(Finding finding, AgentRecord agent, WatchRules rules)
    {
        var response = agent.State == AgentState.Active ? rules.Of(agent.Registration.Tier, finding.Detector) : BehaviourResponse.Alert;
        return response == BehaviourResponse.Narrow && adjustments.Of(agent.Id).Any(a => a.Kind == AdjustmentKind.Narrowing && a.MadeBy == AuditTrail.Appliance && a.IsInForce(time.GetUtcNow()))
            ? BehaviourResponse.Alert
            : response;
    }

    private async ValueTask AlertAsync(Case @case, CancellationToken cancellationToken)
    {
        alerts?.Publish(@case.Alert(time.GetUtcNow(), null));
        metrics.Answered(@case.Response, done: true);
        if (_alerts.TryTake(AlertsInTheLedgerAnHour))
        {
            await RecordAsync(LedgerEntryKind.BehaviourFound, @case.Details(), [], cancellationToken);
        }
    }

    private async ValueTask AnswerAsync(Case @case, int anHour, CancellationToken cancellationToken)
    {
        // 1. As often as the rules allow.
        if (!_responses.TryTake(anHour))
        {
            await RefuseAsync(@case, string.Create(CultureInfo.InvariantCulture, $"the limit of responses by rule within an hour ({anHour}) is reached"), [], cancellationToken);
            return;
        }

        // 2. Why, durably, before anybody is stopped.
        var record = new WatchResponse(@case.Id, @case.Agent.Id, @case.Detector, @case.Response.Word(), @case.Explanation, @case.RulesDigest, time.GetUtcNow());
        await RecordAsync(LedgerEntryKind.BehaviourAnswered, @case.Details(), [new StoreChange.AddWatchResponse(record)], cancellationToken);

        // 3. The deed. Begun, it is finished, whoever stops the appliance.
        await DoAsync(@case);
    }

    private async ValueTask DoAsync(Case @case)
    {
        if (await (@case.Response == BehaviourResponse.Narrow ? NarrowAsync(@case) : RevokeAsync(@case)) is { } problem)
        {
            await RefuseAsync(@case, problem.Detail, [new StoreChange.FailWatchResponse(@case.Id, problem.Detail)], CancellationToken.None);
            return;
        }

        metrics.Answered(@case.Response, done: true);
        Log.Answered(logger, @case.Response.Word(), @case.Agent.Id, @case.Id, @case.Explanation);
        alerts?.Publish(@case.Alert(time.GetUtcNow(), null));
    }

    private async ValueTask<PkiProblem?> NarrowAsync(Case @case)
    {
        if (@case.Narrowing is not { } narrowing)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, "the rules do not say any more to what agents are narrowed");
        }

        var reason = $"{@case.Id}: {@case.Explanation}";
        var outcome = await adjustments.AddAsync(
            AdjustmentKind.Narrowing, @case.Agent.Id, narrowing.Scopes, narrowing.For, reason.Length > LongestReason ? reason[..LongestReason] : reason, AuditTrail.Appliance, @case.Id, CancellationToken.None, response: @case.Id);
        return outcome is Outcome<Adjustment>.Refused(var problem) ? problem : null;
    }

    private async ValueTask<PkiProblem?> RevokeAsync(Case @case)
    {
        var target = new RevocationTarget.Agent(@case.Agent.Id, AgentState.Suspended, WithDescendants: @case.Response != BehaviourResponse.Suspend);
        var reason = @case.Response == BehaviourResponse.RevokeFamily ? RevocationReason.PrivilegeWithdrawn : RevocationReason.CertificateHold;
        var outcome = await revocations.RevokeAsync(new RevocationRequest(target, reason, AuditTrail.Appliance, Protocol, @case.Id) { Response = @case.Id }, CancellationToken.None);
        return outcome is Outcome<RevocationResult>.Refused(var problem) ? problem : null;
    }

    private async ValueTask RefuseAsync(Case @case, string why, ImmutableArray<StoreChange> changes, CancellationToken cancellationToken)
    {
        metrics.Answered(@case.Response, done: false);
        Log.NotAnswered(logger, @case.Response.Word(), @case.Agent.Id, @case.Id, why);
        alerts?.Publish(@case.Alert(time.GetUtcNow(), why));
        await RecordAsync(LedgerEntryKind.BehaviourNotAnswered, @case.Details().SetItem(AuditDetails.Problem, why), changes, cancellationToken);
    }

    private async ValueTask RecordAsync(LedgerEntryKind kind, ImmutableSortedDictionary<string, string> details, ImmutableArray<StoreChange> changes, CancellationToken cancellationToken)
    {
        if (await commits.CommitAsync(new CommitRequest(new LedgerEntry(kind, time.GetUtcNow(), AuditTrail.Appliance, details), changes), cancellationToken) is CommitOutcome.Conflict(_, var reason))
        {
            throw new InvalidOperationException($"An entry of the watch was not taken: {reason}.");
        }
    }

    /// <summary>One finding, or one response that was begun.</summary>
    /// <param name="Response">What the rules say is to be done.</param>
    private sealed record Case(string Id, AgentRecord Agent, string Detector, BehaviourResponse Response, string Explanation, string RulesDigest, WatchNarrowing? Narrowing)
    {
        public WatchAlert Alert(DateTimeOffset at, string? whyNot) =>
            new(Id, at, Agent.Id, Agent.Owner, Agent.Registration.Tier.Word(), Detector, Explanation, Response.Word(), whyNot is null, whyNot, RulesDigest);

        public ImmutableSortedDictionary<string, string> Details() => AuditDetails.Of(
            (AuditDetails.Agent, Agent.Id),
            (AuditDetails.Owner, Agent.Owner),
            (AuditDetails.Parent, Agent.Parent),
            (AuditDetails.Tier, Agent.Registration.Tier.Word()),
            (AuditDetails.Detector, Detector),
            (AuditDetails.Reason, Explanation),
            (AuditDetails.Decision, Response.Word()),
            (AuditDetails.Digest, RulesDigest),
            (AuditDetails.Correlation, Id));
    }
}
