using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Decisions;

/// <summary>Narrows agents and gives them more, for a time. What is in force is in memory: read at start, and after each change.</summary>
public sealed class AdjustmentService : IDisposable
{
    private const int LongestReason = 256;
    private static readonly IReadOnlyList<Adjustment> None = [];
    private readonly IDecisionStore _store;
    private readonly IAgentStore _agents;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile FrozenDictionary<string, IReadOnlyList<Adjustment>> _byAgent = FrozenDictionary<string, IReadOnlyList<Adjustment>>.Empty;

    internal AdjustmentService(IDecisionStore store, IAgentStore agents, CommitWriter commits, AuditTrail audit, TimeProvider time) => (_store, _agents, _commits, _audit, _time) = (store, agents, commits, audit, time);

    /// <summary>Those of an agent; whether they are in force yet, and still, is for who looks.</summary>
    public IReadOnlyList<Adjustment> Of(string agentId) => _byAgent.GetValueOrDefault(agentId) ?? None;

    /// <summary>All that have not ended, oldest first.</summary>
    public ValueTask<IReadOnlyList<Adjustment>> ListAsync(CancellationToken cancellationToken) => _store.ListAdjustmentsAsync(_time.GetUtcNow(), cancellationToken);

    /// <summary>One that has not ended; null: there is none.</summary>
    public async ValueTask<Adjustment?> FindAsync(string id, CancellationToken cancellationToken) => (await ListAsync(cancellationToken)).FirstOrDefault(a => a.Id == id);

    /// <summary>Why an agent cannot be given that; null: it can.</summary>
    public async ValueTask<PkiProblem?> WhyNotAsync(AdjustmentKind kind, string agentId, TimeSpan lasts, string reason, CancellationToken cancellationToken)
    {
        var longest = kind == AdjustmentKind.Elevation ? Adjustment.LongestElevation : Adjustment.LongestNarrowing;
        return lasts < TimeSpan.FromSeconds(1) || lasts > longest ? new PkiProblem(PkiProblemKind.PolicyViolation, $"it lasts between a second and {longest.TotalHours:0} hours; it ends by itself, and can be asked for again")
            : reason.Length is 0 or > LongestReason ? new PkiProblem(PkiProblemKind.MalformedRequest, $"say why, in 1 to {LongestReason} characters")
            : await _agents.FindAsync(agentId, cancellationToken) is null ? new PkiProblem(PkiProblemKind.NotFound, $"there is no agent {agentId}")
            : null;
    }

    /// <summary>From now on, until its time is over. A narrowing takes hold with its commit; so does an elevation.</summary>
    /// <param name="response">The response by rule that this is; null: somebody decided it.</param>
    public async ValueTask<Outcome<Adjustment>> AddAsync(AdjustmentKind kind, string agentId, ScopeSet scopes, TimeSpan lasts, string reason, string actor, string correlationId, CancellationToken cancellationToken, string? response = null)
    {
        if (await WhyNotAsync(kind, agentId, lasts, reason, cancellationToken) is { } problem)
        {
            return await RefuseAsync(problem, actor, correlationId, cancellationToken);
        }

        // Kept in milliseconds.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var adjustment = new Adjustment(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), kind, agentId, scopes, now, now + lasts, reason, actor);
        var entry = new LedgerEntry(LedgerEntryKind.AgentAdjusted, now, actor, AuditDetails.Of(
            (AuditDetails.Adjustment, adjustment.Id),
            (AuditDetails.Decision, kind == AdjustmentKind.Elevation ? "elevation" : "narrowing"),
            (AuditDetails.Agent, agentId),
            (AuditDetails.Scopes, scopes.ToString()),
            (AuditDetails.NotAfter, adjustment.NotAfter.ToString("u", CultureInfo.InvariantCulture)),
            (AuditDetails.Reason, reason),
            (AuditDetails.Correlation, correlationId)));
        return await CommitAsync(new CommitRequest(entry, [new StoreChange.AddAdjustment(adjustment, response)]), adjustment, actor, correlationId, cancellationToken);
    }

    /// <summary>Ends one before its time.</summary>
    public async ValueTask<Outcome<Adjustment>> EndAsync(string id, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } adjustment)
        {
            return await RefuseAsync(new PkiProblem(PkiProblemKind.NotFound, $"there is no adjustment {id} that has not ended"), actor, correlationId, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.AdjustmentEnded, now, actor, AuditDetails.Of((AuditDetails.Adjustment, id), (AuditDetails.Agent, adjustment.AgentId), (AuditDetails.Correlation, correlationId)));
        return await CommitAsync(new CommitRequest(entry, [new StoreChange.EndAdjustment(id, now)]), adjustment with { Ended = now }, actor, correlationId, cancellationToken);
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Reads them again.</summary>
    internal async ValueTask ReloadAsync(CancellationToken cancellationToken)
    {
        // One at a time: the last who changed something reads last.
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var all = await _store.ListAdjustmentsAsync(_time.GetUtcNow(), cancellationToken);
            _byAgent = all.GroupBy(a => a.AgentId, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => (IReadOnlyList<Adjustment>)[.. g], StringComparer.Ordinal);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async ValueTask<Outcome<Adjustment>> CommitAsync(CommitRequest request, Adjustment adjustment, string actor, string correlationId, CancellationToken cancellationToken)
    {
        switch (await _commits.CommitAsync(request, cancellationToken))
        {
            case CommitOutcome.Conflict(_, var reason):
                return await RefuseAsync(new PkiProblem(PkiProblemKind.Conflict, reason), actor, correlationId, cancellationToken);
            default:
                await ReloadAsync(CancellationToken.None); // it is committed, whoever waits
                return new Outcome<Adjustment>.Done(adjustment);
        }
    }

    private async ValueTask<Outcome<Adjustment>> RefuseAsync(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<Adjustment>.Refused(problem);
    }
}
