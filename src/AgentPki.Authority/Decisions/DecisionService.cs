using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions;

/// <summary>Answers whether an agent may do one thing, now. Whatever stands in the way of an answer is a no.</summary>
public sealed class DecisionService
{
    /// <summary>The unit of a budget that the appliance counts itself: one for each action that it permits.</summary>
    public const string ActionsUnit = "actions";

    private readonly IAgentStatus _status;
    private readonly PolicyKeeper _policies;
    private readonly AdjustmentService _adjustments;
    private readonly BehaviourCounters _behaviour;
    private readonly BehaviourQueue _watched;
    private readonly DecisionJournal _journal;
    private readonly CommitWriter _commits;
    private readonly RulesKeeper<RegistryRules> _rules;
    private readonly DecisionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal DecisionService(
        IAgentStatus status, PolicyKeeper policies, AdjustmentService adjustments, BehaviourCounters behaviour, BehaviourQueue watched, DecisionJournal journal, CommitWriter commits, RulesKeeper<RegistryRules> rules, DecisionMetrics metrics, TimeProvider time, ILogger logger) =>
        (_status, _policies, _adjustments, _behaviour, _watched, _journal, _commits, _rules, _metrics, _time, _logger) = (status, policies, adjustments, behaviour, watched, journal, commits, rules, metrics, time, logger);

    public async ValueTask<AnsweredCall> DecideAsync(DecisionCall call, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var answered = await AnswerAsync(call, cancellationToken);
        var rule = answered.Decision.Reasons[0].Rule;
        if (rule != DecisionRule.Status)
        {
            _behaviour.Count(call.SubjectId, answered.Decision.IsPermitted);
        }

        // What the agent did not do: it was suspended, was narrowed, or nobody could say.
        if (rule is not (DecisionRule.Status or DecisionRule.Narrowed or DecisionRule.Undecidable))
        {
            _watched.Publish(new BehaviourEvent(answered.Time, call.SubjectId, answered.Decision.IsPermitted ? BehaviourKind.Permitted : BehaviourKind.Denied) { Action = call.Action, Resource = call.Resource, Address = call.Address, Reason = rule.Word() });
        }

        _metrics.Decided(answered.Decision, _time.GetElapsedTime(started));
        return answered;
    }

    private async ValueTask<AnsweredCall> AnswerAsync(DecisionCall call, CancellationToken cancellationToken)
    {
        var policies = _policies.Current;
        var answer = new AnsweredCall(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), _time.GetUtcNow(), call, Decision.Deny(DecisionRule.Undecidable, null, "the policies cannot be read"), _commits.Revocations.Epoch, "", policies?.Sha256 ?? "");
        try
        {
            // 1. Who it is, as of which revocation.
            var (epoch, agentChanges) = (_commits.Revocations.Epoch, _commits.Revocations.AgentChanges);
            var standing = await _status.FindAsync(call.SubjectId, call.Certificate, cancellationToken);
            answer = answer with { CertificateSha256 = CertificateOf(standing), Cursor = CursorOf(standing) };

            // 2. What the rules say. Where the log goes on elsewhere nobody knows what was revoked since.
            if (_commits.Stopped is { } stopped)
            {
                answer = answer with { Decision = Decision.Deny(DecisionRule.Undecidable, null, stopped) };
            }
            else if (policies is not null)
            {
                answer = answer with { Decision = Decide(call, standing, policies, answer.Time) };
            }

            // 3. What it uses up.
            if (answer.Decision.IsPermitted && standing is AgentStanding.Good(var subject, _) && await WhyNotSpentAsync(call, subject, cancellationToken) is { } spent)
            {
                answer = answer with { Decision = spent };
            }

            // 4. Written down before it is answered.
            await _journal.AppendAsync(RecordOf(answer).ToMembers(), cancellationToken);

            // 5. A revocation that was committed meanwhile is not outrun.
            if (answer.Decision.IsPermitted && (epoch != _commits.Revocations.Epoch || agentChanges != _commits.Revocations.AgentChanges)
                && await _status.FindAsync(call.SubjectId, call.Certificate, cancellationToken) is AgentStanding.NotGood overtaken)
            {
                Log.Overtaken(_logger, call.SubjectId);
                answer = answer with { Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), Cursor = overtaken.Cursor, Decision = Decision.Deny(DecisionRule.Status, null, overtaken.Reason) };
                await _journal.AppendAsync(RecordOf(answer).ToMembers(), cancellationToken);
            }

            return answer;
        }
        catch (JournalUnavailableException failure)
        {
            Log.DecisionFailed(_logger, failure.Message, failure);
            return answer with { Decision = Decision.Deny(DecisionRule.Undecidable, "log", "the decision cannot be written down now") };
        }
        catch (StoreUnavailableException failure)
        {
            Log.DecisionFailed(_logger, failure.Message, failure);
            return answer with { Decision = Decision.Deny(DecisionRule.Undecidable, "status", "the subject's status cannot be read now") };
        }
    }

    private Decision Decide(DecisionCall call, AgentStanding standing, Policies.PolicyCatalog policies, DateTimeOffset now)
    {
        switch (standing)
        {
            case AgentStanding.NotGood notGood:
                return Decision.Deny(DecisionRule.Status, null, notGood.Reason);
            case AgentStanding.Good when call.Misunderstood is { } what:
                return Decision.Deny(DecisionRule.NotCanonical, null, what);
            case AgentStanding.Good(var subject, _):
                return ActionDecider.Decide(policies.Set, new DecisionRequest(subject, call.Action, call.Resource, now, call.Facts with { Recent = _behaviour.Of(subject.Id) })
                {
                    Address = call.Address,
                    DataClasses = call.DataClasses,
                    Task = call.Task,
                    Adjustments = _adjustments.Of(subject.Id),
                    LongestOffline = _rules.Current.LongestOffline(subject.Tier),
                });
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Takes what the action uses up from what the certificate gives, all of it or nothing; null: it was there.</summary>
    private async ValueTask<Decision?> WhyNotSpentAsync(DecisionCall call, DecisionSubject subject, CancellationToken cancellationToken)
    {
        var budget = subject.Bounds.SelectMany(b => b.Budget.Amounts).GroupBy(a => a.Key, a => a.Value, StringComparer.Ordinal).Select(g => (Unit: g.Key, Limit: g.Min())).ToList();
        if (budget.Count == 0)
        {
            return null;
        }

        var spending = ImmutableArray.CreateBuilder<Spending>();
        foreach (var (unit, limit) in budget)
        {
            if (unit != ActionsUnit && !call.Spend.ContainsKey(unit))
            {
                return Decision.Deny(DecisionRule.Budget, unit, $"the agent's {unit} are counted, and it is not said how many this takes: send them in context.spend, 0 for none");
            }

            spending.Add(new Spending(unit, unit == ActionsUnit ? 1 : call.Spend[unit], limit));
        }

        return await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.Spend(subject.Id, spending.ToImmutable())]), cancellationToken) is CommitOutcome.Conflict(_, var reason)
            ? Decision.Deny(DecisionRule.Budget, null, reason)
            : null;
    }

    private static JournalRecord RecordOf(AnsweredCall answer) => new(
        answer.Id, answer.Time, answer.Call.Asker, answer.Call.SubjectId, answer.CertificateSha256, answer.Call.Action, answer.Call.Resource, answer.Decision.IsPermitted, [.. answer.Decision.Reasons.Select(JournalRecord.Of)],
        answer.PoliciesSha256, answer.Cursor, Convert.ToHexStringLower(answer.Call.RequestSha256.Span), answer.Call.Correlation) { Offline = answer.Decision.Offline };

    private static string CertificateOf(AgentStanding standing) => Convert.ToHexStringLower(standing switch
    {
        AgentStanding.Good(var subject, _) => subject.CertificateSha256.Span,
        AgentStanding.NotGood notGood => notGood.CertificateSha256.Span,
        _ => [],
    });

    private static long CursorOf(AgentStanding standing) => standing switch
    {
        AgentStanding.Good(_, var cursor) => cursor,
        AgentStanding.NotGood notGood => notGood.Cursor,
        _ => 0,
    };
}
