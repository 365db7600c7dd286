using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Governance;

/// <summary>What somebody asks for that wants a second person.</summary>
public sealed record NewAdminRequest(string Operation, string Method, string Target, byte[] Body, string? Comment);

/// <summary>
/// Requests that wait for a second person: never the one who asked, by name and by key. Every move is checked by the store inside its transaction: an approval
/// counts once, and what was approved begins once, whenever the appliance is killed.
/// </summary>
public sealed class AdminRequestService
{
    /// <summary>What one person may have waiting, and all together: storage, and the attention of those who approve.</summary>
    public const int PendingPerPerson = 20;

    public const int PendingAltogether = 200;

    public const int MaximumComment = 500;

    // How far a clock may be set back before nothing is decided: expiry would not hold.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private readonly IGovernanceStore _store;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;

    internal AdminRequestService(IGovernanceStore store, CommitWriter commits, AuditTrail audit, AuthorityOptions options, TimeProvider time) =>
        (_store, _commits, _audit, _options, _time) = (store, commits, audit, options, time);

    public ValueTask<IReadOnlyList<AdminRequestRecord>> ListAsync(AdminRequestState? state, int limit, CancellationToken cancellationToken) => _store.ListRequestsAsync(state, limit, cancellationToken);

    /// <summary>Those that one person made.</summary>
    public ValueTask<IReadOnlyList<AdminRequestRecord>> ListOfAsync(string requester, AdminRequestState? state, int limit, CancellationToken cancellationToken) => _store.ListRequestsAsync(state, requester, limit, cancellationToken);

    public ValueTask<AdminRequestRecord?> FindAsync(string id, CancellationToken cancellationToken) => _store.FindRequestAsync(id, cancellationToken);

    /// <summary>Keeps what was asked for until somebody else decides.</summary>
    public async ValueTask<Outcome<AdminRequestRecord>> AskAsync(NewAdminRequest wanted, AdminCaller requester, string correlationId, CancellationToken cancellationToken)
    {
        if (WhyNotComment(wanted.Comment) is { } malformed)
        {
            return await RefuseAsync(malformed, requester, correlationId, cancellationToken);
        }

        await ExpireAllAsync(cancellationToken);
        var pending = await _store.ListRequestsAsync(AdminRequestState.Pending, PendingAltogether, cancellationToken);
        if (pending.Count >= PendingAltogether || pending.Count(r => r.Requester.Name == requester.Name) >= PendingPerPerson)
        {
            return await RefuseAsync(new PkiProblem(PkiProblemKind.RateLimited, "too many requests wait for a second person already: cancel some, or have them decided", TimeSpan.FromMinutes(10)), requester, correlationId, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var record = new AdminRequestRecord(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), wanted.Operation, wanted.Method, wanted.Target, wanted.Body, AdminPerson.Of(requester), wanted.Comment, AdminRequestState.Pending, now, now + _options.AdminRequestLifetime);
        var entry = Entry(LedgerEntryKind.AdminRequestMade, now, requester.Actor, record, (AuditDetails.Comment, record.Comment), (AuditDetails.NotAfter, AuditDetails.Instant(record.NotAfter)), (AuditDetails.KeySha256, requester.Credential?.Key));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddAdminRequest(record)]), cancellationToken) is CommitOutcome.Committed
            ? new Outcome<AdminRequestRecord>.Done(record)
            : await RefuseAsync(new PkiProblem(PkiProblemKind.Unavailable, "the request could not be kept; try again", TimeSpan.FromSeconds(1)), requester, correlationId, cancellationToken);
    }

    /// <summary>A second person says yes to exactly what he saw.</summary>
    /// <param name="approvers">The roles that may approve this operation.</param>
    /// <param name="digest">Of what he saw (<see cref="AdminRequestRecord.Digest"/>).</param>
    public async ValueTask<Outcome<AdminRequestRecord>> ApproveAsync(string id, ImmutableArray<AdminRole> approvers, string digest, string? comment, AdminCaller approver, string correlationId, CancellationToken cancellationToken)
    {
        var (found, unfit) = await FindPendingAsync(id, cancellationToken);
        if (found is not { } record)
        {
            return await RefuseAsync(unfit, approver, correlationId, cancellationToken);
        }

        var problem = WhyNotSecond(record, approvers, approver)
            ?? (digest != record.Digest ? new PkiProblem(PkiProblemKind.Conflict, "what you saw is not what waits: its digest is another; look at the request again ('agentpki request show')") : null);
        return problem is not null
            ? await RefuseAsync(problem, approver, correlationId, cancellationToken)
            : await DecideAsync(record, AdminRequestState.Approved, comment, approver, correlationId, cancellationToken);
    }

    /// <summary>A second person says no.</summary>
    public async ValueTask<Outcome<AdminRequestRecord>> RejectAsync(string id, ImmutableArray<AdminRole> approvers, string comment, AdminCaller approver, string correlationId, CancellationToken cancellationToken)
    {
        var (found, unfit) = await FindPendingAsync(id, cancellationToken);
        if (found is not { } record)
        {
            return await RefuseAsync(unfit, approver, correlationId, cancellationToken);
        }

        return WhyNotSecond(record, approvers, approver) is { } problem
            ? await RefuseAsync(problem, approver, correlationId, cancellationToken)
            : string.IsNullOrWhiteSpace(comment)
                ? await RefuseAsync(new PkiProblem(PkiProblemKind.MalformedRequest, "say why: a rejection wants a comment"), approver, correlationId, cancellationToken)
                : await DecideAsync(record, AdminRequestState.Rejected, comment, approver, correlationId, cancellationToken);
    }

    /// <summary>Who asked does not want it any more.</summary>
    public async ValueTask<Outcome<AdminRequestRecord>> CancelAsync(string id, AdminCaller requester, string correlationId, CancellationToken cancellationToken) =>
        await FindPendingAsync(id, cancellationToken) switch
        {
            (null, var unfit) => await RefuseAsync(unfit, requester, correlationId, cancellationToken),
            ({ } record, _) when record.Requester.Name == requester.Name => await DecideAsync(record, AdminRequestState.Cancelled, null, requester, correlationId, cancellationToken),
            ({ } record, _) => await RefuseAsync(new PkiProblem(PkiProblemKind.Unauthorized, $"only {record.Requester.Name} cancels it; others reject it"), requester, correlationId, cancellationToken),
        };

    /// <summary>What was approved and has not begun, and what had begun when the appliance ended.</summary>
    public async ValueTask<IReadOnlyList<AdminRequestRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
    [
        .. await _store.ListRequestsAsync(AdminRequestState.Running, int.MaxValue, cancellationToken),
        .. await _store.ListRequestsAsync(AdminRequestState.Approved, int.MaxValue, cancellationToken),
    ];

    /// <summary>Takes an approved request to run it: true for one caller, once, for ever.</summary>
    public async ValueTask<bool> BeginAsync(string id) =>
        await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.MoveAdminRequest(id, AdminRequestState.Approved, AdminRequestState.Running, null, _time.GetUtcNow())]), CancellationToken.None) is CommitOutcome.Committed;

    /// <summary>Records what became of a request.</summary>
    /// <param name="actor">Who asked, and who approved.</param>
    public async ValueTask FinishAsync(AdminRequestRecord record, AdminRequestState from, AdminRequestState to, string actor, string outcome)
    {
        var now = _time.GetUtcNow();
        var entry = Entry(LedgerEntryKind.AdminRequestExecuted, now, actor, record, (AuditDetails.State, to.ToString().ToLowerInvariant()), (AuditDetails.Reason, to == AdminRequestState.Done ? null : outcome));
        await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.MoveAdminRequest(record.Id, from, to, outcome, now)]), CancellationToken.None);
    }

    /// <summary>Closes what nobody decided in time.</summary>
    internal async ValueTask ExpireAllAsync(CancellationToken cancellationToken)
    {
        foreach (var record in await _store.ListRequestsAsync(AdminRequestState.Pending, int.MaxValue, cancellationToken))
        {
            await ExpireAsync(record, cancellationToken);
        }
    }

    private async ValueTask<bool> ExpireAsync(AdminRequestRecord record, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (now < record.NotAfter)
        {
            return false;
        }

        var entry = Entry(LedgerEntryKind.AdminRequestDecided, now, AuditTrail.Appliance, record, (AuditDetails.Decision, "expired"));
        var decision = new StoreChange.DecideAdminRequest(record.Id, AdminRequestState.Pending, AdminRequestState.Expired, new AdminPerson(AuditTrail.Appliance, null), null, now);
        await _commits.CommitAsync(new CommitRequest(entry, [decision]), cancellationToken);
        return true;
    }

    /// <summary>A request that can be decided; or null, and why it cannot.</summary>
    private async ValueTask<(AdminRequestRecord? Record, PkiProblem Problem)> FindPendingAsync(string id, CancellationToken cancellationToken)
    {
        if (await _store.FindRequestAsync(id, cancellationToken) is not { } record)
        {
            return (null, new PkiProblem(PkiProblemKind.NotFound, "there is no request of that id"));
        }

        if (record.State == AdminRequestState.Pending && await ExpireAsync(record, cancellationToken))
        {
            record = await _store.FindRequestAsync(id, cancellationToken) ?? record;
        }

        var problem = new PkiProblem(PkiProblemKind.Conflict, $"the request is {record.State.ToString().ToLowerInvariant()} already");
        return record.State != AdminRequestState.Pending ? (null, problem)
            : _time.GetUtcNow() < record.Created - ClockTolerance ? (null, new PkiProblem(PkiProblemKind.Unavailable, "the appliance's clock stands before the request was made: set it right first"))
            : (record, problem);
    }

    private static PkiProblem? WhyNotSecond(AdminRequestRecord record, ImmutableArray<AdminRole> approvers, AdminCaller approver) =>
        approver.Credential is null ? new PkiProblem(PkiProblemKind.Unauthorized, "a second person is known by his certificate: name yours with --as FILE or AGENTPKI_ADMIN=FILE")
        : record.Requester.IsSameAs(AdminPerson.Of(approver)) ? new PkiProblem(PkiProblemKind.Unauthorized, "nobody decides what he asked for himself: another administrator must")
        : !approver.Roles.Any(approvers.Contains) ? new PkiProblem(PkiProblemKind.Unauthorized, $"this wants the role {AdminRoles.Words(approvers).Replace(", ", " or ", StringComparison.Ordinal)} to decide; {approver.Name} has {AdminRoles.Words(approver.Roles)}")
        : null;

    private static PkiProblem? WhyNotComment(string? comment) =>
        comment is not null && (comment.Length > MaximumComment || comment.Any(char.IsControl)) ? new PkiProblem(PkiProblemKind.MalformedRequest, $"a comment is one line of at most {MaximumComment} characters") : null;

    private async ValueTask<Outcome<AdminRequestRecord>> DecideAsync(AdminRequestRecord record, AdminRequestState to, string? comment, AdminCaller decider, string correlationId, CancellationToken cancellationToken)
    {
        if (WhyNotComment(comment) is { } malformed)
        {
            return await RefuseAsync(malformed, decider, correlationId, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var entry = Entry(
            LedgerEntryKind.AdminRequestDecided, now, decider.Actor, record, (AuditDetails.Decision, to.ToString().ToLowerInvariant()), (AuditDetails.Comment, comment), (AuditDetails.KeySha256, decider.Credential?.Key));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.DecideAdminRequest(record.Id, AdminRequestState.Pending, to, AdminPerson.Of(decider), comment, now)]), cancellationToken) is CommitOutcome.Committed
            ? new Outcome<AdminRequestRecord>.Done(record with { State = to, DecidedBy = AdminPerson.Of(decider), Decided = now, DecisionComment = comment })
            : await RefuseAsync(new PkiProblem(PkiProblemKind.Conflict, "somebody else decided the request at the same moment"), decider, correlationId, cancellationToken);
    }

    private static LedgerEntry Entry(LedgerEntryKind kind, DateTimeOffset now, string actor, AdminRequestRecord record, params ReadOnlySpan<(string Key, string? Value)> more) =>
        new(kind, now, actor, AuditDetails.Of(
        [
            (AuditDetails.Request, record.Id),
            (AuditDetails.Operation, record.Operation),
            (AuditDetails.Target, $"{record.Method} {record.Target}"),
            (AuditDetails.RequestSha256, record.Digest),
            (AuditDetails.Correlation, record.Id),
            .. more,
        ]));

    private async ValueTask<Outcome<AdminRequestRecord>> RefuseAsync(PkiProblem problem, AdminCaller caller, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(caller.Actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<AdminRequestRecord>.Refused(problem);
    }
}
