using System.Collections.Immutable;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Audit;

/// <summary>A refusal to be recorded.</summary>
/// <param name="Actor">Who was refused, as authenticated; <see cref="AuditTrail.Stranger"/> when nobody was.</param>
/// <param name="Protocol">Which way the request came: <c>est</c>, <c>admin</c>, ….</param>
/// <param name="Profile">The profile it was about, where that was known already.</param>
/// <param name="Agent">The agent it was about, where that was known already.</param>
public sealed record Refusal(string Actor, PkiProblem Problem, string Protocol, string CorrelationId, string? Profile = null, string? Agent = null)
{
    /// <summary>A change that comes true with the entry; null: none. Strangers' refusals have none.</summary>
    public StoreChange? Note { get; init; }
}

/// <summary>
/// Writes every decision that changes nothing else: refusals above all. An authenticated party's refusal is a ledger entry of its own;
/// those of strangers, and of whoever is over its share, are counted in memory and become one entry per interval, so that neither garbage nor haste can buy storage.
/// </summary>
public sealed class AuditTrail : IAsyncDisposable
{
    /// <summary>The actor of whoever did not authenticate.</summary>
    public const string Stranger = "stranger";

    /// <summary>The actor of what the appliance does by itself.</summary>
    public const string Appliance = "appliance";

    private readonly CommitWriter _commits;
    private readonly TimeProvider _time;
    private readonly AuthorityMetrics _metrics;
    private readonly ILogger _logger;
    private readonly BehaviourQueue? _behaviour;
    private readonly RefusalAggregate _strangers;
    private readonly ITimer _timer;
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private Task _background = Task.CompletedTask;

    /// <param name="interval">How long refusals of strangers are gathered before they become one entry.</param>
    /// <param name="behaviour">Is told what agents were refused; null: nobody watches them.</param>
    public AuditTrail(CommitWriter commits, TimeSpan interval, TimeProvider time, AuthorityMetrics metrics, ILogger<AuditTrail> logger, BehaviourQueue? behaviour = null)
    {
        (_commits, _time, _metrics, _logger, _behaviour) = (commits, time, metrics, logger, behaviour);
        _strangers = new RefusalAggregate(time.GetUtcNow());
        _timer = time.CreateTimer(_ => FlushInBackground(), null, interval, interval);
    }

    /// <summary>
    /// Records a refusal. Never throws for a store that is down: the refusal stands and is answered as it is (invariant 9); that its
    /// entry is missing is logged.
    /// </summary>
    public async ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _metrics.Refused(refusal.Problem.Kind);
        if (refusal.Problem.Kind != PkiProblemKind.Unavailable)
        {
            _behaviour?.PublishFor(refusal.Actor, _time.GetUtcNow(), KindOf(refusal.Protocol), refusal.Problem.Kind.ToString());
        }

        if (refusal.Actor == Stranger || refusal is { Problem.Kind: PkiProblemKind.RateLimited, Note: null })
        {
            _strangers.Add(refusal, _time.GetUtcNow());
            return;
        }

        var kind = refusal.Protocol switch
        {
            "admin" => LedgerEntryKind.AdminRefused,
            OAuth.OAuthAuthority.Protocol => LedgerEntryKind.TokenRefused,
            _ => LedgerEntryKind.EnrollmentRefused,
        };
        await WriteOrLogAsync(kind, refusal.Actor, AuditDetails.Of(
            (AuditDetails.Problem, refusal.Problem.Kind.ToString()),
            (AuditDetails.Reason, refusal.Problem.Detail),
            (AuditDetails.Profile, refusal.Profile),
            (AuditDetails.Agent, refusal.Agent),
            (AuditDetails.Protocol, refusal.Protocol),
            (AuditDetails.Correlation, refusal.CorrelationId)), refusal.Note is { } note ? [note] : [], cancellationToken);
    }

    private static BehaviourKind KindOf(string protocol) => protocol switch
    {
        "admin" or OAuth.OAuthAuthority.Protocol => BehaviourKind.Denied,
        Delegation.DelegationService.Protocol => BehaviourKind.ChildRefused,
        _ => BehaviourKind.EnrolmentRefused,
    };

    /// <summary>Records something that has no record change: a start, a stop, a changed configuration.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was written.</exception>
    public async ValueTask RecordAsync(LedgerEntryKind kind, string actor, ImmutableSortedDictionary<string, string> details, CancellationToken cancellationToken) =>
        await RecordAsync(kind, actor, details, [], cancellationToken);

    /// <summary>Writes what strangers were refused since the last time, if anything.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            // Settled only when it is written: with the store down, the next entry covers this interval too.
            if (_strangers.Read(_time.GetUtcNow()) is { } interval && await WriteOrLogAsync(LedgerEntryKind.RefusalsAggregated, Stranger, interval.ToDetails(), [], cancellationToken))
            {
                _strangers.Settle(interval);
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _background;
        await FlushAsync(CancellationToken.None);
        _flushing.Dispose();
    }

    // Nothing awaits a timer's callback; FlushAsync reports its own failures. A flush that still runs is not joined by a second.
    private void FlushInBackground()
    {
        if (_flushing.CurrentCount > 0)
        {
            _background = FlushAsync(CancellationToken.None).AsTask();
        }
    }

    private async ValueTask RecordAsync(LedgerEntryKind kind, string actor, ImmutableSortedDictionary<string, string> details, ImmutableArray<StoreChange> changes, CancellationToken cancellationToken) =>
        await _commits.CommitAsync(new CommitRequest(new LedgerEntry(kind, _time.GetUtcNow(), actor, details), changes), cancellationToken);

    private async ValueTask<bool> WriteOrLogAsync(
        LedgerEntryKind kind, string actor, ImmutableSortedDictionary<string, string> details, ImmutableArray<StoreChange> changes, CancellationToken cancellationToken)
    {
        try
        {
            await RecordAsync(kind, actor, details, changes, cancellationToken);
            return true;
        }
        catch (StoreUnavailableException failure) when (failure.IsForGood)
        {
            return false; // this log has ended, and said so
        }
        catch (StoreUnavailableException failure)
        {
            Log.EntryLost(_logger, kind, actor, failure);
            return false;
        }
    }
}
