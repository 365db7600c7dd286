using System.Globalization;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Registry;

/// <summary>
/// Looks through the registry in each round of maintenance, by the clock: finds agents whose owner has left and whose review is overdue, and suspends them when the rules' grace is over; each of them is an
/// entry of the ledger. Gives a date to those whose tier wants reviews and who have none.
/// </summary>
public sealed class RegistryWatch : IDisposable
{
    private const int Page = 500;
    private readonly IAgentStore _agents;
    private readonly RulesKeeper<RegistryRules> _rules;
    private readonly CommitWriter _commits;
    private readonly RegistryMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal RegistryWatch(IAgentStore agents, RulesKeeper<RegistryRules> rules, CommitWriter commits, TimeProvider time, ILogger<RegistryWatch> logger) =>
        (_agents, _rules, _commits, _metrics, _time, _logger) = (agents, rules, commits, new RegistryMetrics(rules), time, logger);

    /// <summary>As of the last round.</summary>
    public RegistryCounts Counts => _metrics.Counts;

    /// <summary>One round. A store that is down ends it; the next follows.</summary>
    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _rules.RefreshAsync(cancellationToken);
            var (rules, now) = (_rules.Current, _time.GetUtcNow());
            await ScheduleAsync(rules, now, cancellationToken);
            if (rules.OrphanGrace is { } grace)
            {
                await SuspendAsync(SuspensionRule.OwnerLeft, new AgentQuery { State = AgentState.Active, LeftUntil = now - grace }, rules, cancellationToken);
            }

            if (rules.OverdueBefore(now) is { } day)
            {
                await SuspendAsync(SuspensionRule.ReviewOverdue, new AgentQuery { State = AgentState.Active, ReviewBefore = day }, rules, cancellationToken);
            }

            _metrics.Counts = new RegistryCounts(
                await _agents.CountAsync(new AgentQuery { State = AgentState.Active, LeftUntil = now }, cancellationToken),
                await _agents.CountAsync(new AgentQuery { State = AgentState.Active, ReviewBefore = DateOnly.FromDateTime(now.UtcDateTime) }, cancellationToken));
        }
        catch (StoreUnavailableException failure)
        {
            Log.NotWatched(_logger, failure);
        }
    }

    public void Dispose() => _metrics.Dispose();

    private async ValueTask ScheduleAsync(RegistryRules rules, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var tier in RiskTiers.All)
        {
            if (rules.NextReview(tier, now) is { } by && await _agents.CountAsync(new AgentQuery { State = AgentState.Active, Tier = tier, Unscheduled = true }, cancellationToken) > 0)
            {
                var entry = new LedgerEntry(LedgerEntryKind.ReviewsScheduled, now, AuditTrail.Appliance, AuditDetails.Of(
                    (AuditDetails.Tier, tier.Word()), (AuditDetails.To, by.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), (AuditDetails.Digest, rules.Digest)));
                await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.ScheduleReviews(tier, by)]) { Completing = AgentRegistry.WithAgents }, cancellationToken);
            }
        }
    }

    /// <summary>Page by page: what was suspended is not found again.</summary>
    private async ValueTask SuspendAsync(SuspensionRule rule, AgentQuery due, RegistryRules rules, CancellationToken cancellationToken)
    {
        for (var found = await _agents.ListAsync(due, Page, cancellationToken); found.Count > 0; found = await _agents.ListAsync(due, Page, cancellationToken))
        {
            var suspended = await Task.WhenAll(found.Select(agent => SuspendAsync(rule, agent, due, rules, cancellationToken)));
            if (!suspended.Contains(true))
            {
                return; // each of them met something else meanwhile
            }
        }
    }

    private async Task<bool> SuspendAsync(SuspensionRule rule, AgentRecord agent, AgentQuery due, RegistryRules rules, CancellationToken cancellationToken)
    {
        var reason = rule == SuspensionRule.OwnerLeft ? "its owner left, and the grace is over" : $"its review was due on {agent.Registration.ReviewBy:yyyy-MM-dd}, and the grace is over";
        var entry = new LedgerEntry(LedgerEntryKind.AgentSuspendedByRule, _time.GetUtcNow(), AuditTrail.Appliance, AuditDetails.Of(
            (AuditDetails.Agent, agent.Id), (AuditDetails.Owner, agent.Owner), (AuditDetails.Reason, reason), (AuditDetails.Digest, rules.Digest)));
        if (await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.SuspendByRule(agent.Id, rule, due.LeftUntil, due.ReviewBefore)]), cancellationToken) is not CommitOutcome.Committed)
        {
            return false;
        }

        _metrics.Suspended(rule);
        Log.SuspendedByRule(_logger, agent.Id, agent.Owner, reason);
        return true;
    }
}
