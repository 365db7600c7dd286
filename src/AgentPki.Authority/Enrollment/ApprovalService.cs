using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// Requests that wait for a person. Pending → Approved or Denied (a person), Approved → Issued (the issuance's own commit), Pending or
/// Approved → Expired (time). Every move is checked by the store inside its transaction: two people, or two clients, cannot both win.
/// </summary>
public sealed class ApprovalService(IApprovalStore approvals, CommitWriter commits, AuditTrail audit, AuthorityOptions options, TimeProvider time)
{
    public ValueTask<IReadOnlyList<ApprovalRecord>> ListAsync(ApprovalState? state, CancellationToken cancellationToken) => approvals.ListAsync(state, cancellationToken);

    public ValueTask<ApprovalRecord?> FindAsync(string id, CancellationToken cancellationToken) => approvals.FindAsync(id, cancellationToken);

    public ValueTask<Outcome<ApprovalRecord>> ApproveAsync(string id, string actor, string correlationId, CancellationToken cancellationToken) =>
        DecideAsync(id, ApprovalState.Approved, actor, correlationId, cancellationToken);

    public ValueTask<Outcome<ApprovalRecord>> DenyAsync(string id, string actor, string correlationId, CancellationToken cancellationToken) =>
        DecideAsync(id, ApprovalState.Denied, actor, correlationId, cancellationToken);

    /// <summary>The parked request of that hash, moved to <see cref="ApprovalState.Expired"/> when its time is over; null when there is none.</summary>
    internal async ValueTask<ApprovalRecord?> FindParkedAsync(byte[] requestHash, CancellationToken cancellationToken) =>
        await approvals.FindByRequestAsync(requestHash, cancellationToken) is { } record ? await ExpireAsync(record, cancellationToken) : null;

    /// <summary>Parks a request; one that is parked already (another thread was faster) is returned instead.</summary>
    internal async ValueTask<Outcome<ApprovalRecord>> ParkAsync(EnrollmentRequest request, byte[] requestHash, string profile, string actor, string summary, CancellationToken cancellationToken)
    {
        var limit = actor == AuditTrail.Stranger ? options.ParkedStrangers : options.ParkedPerRequester;
        if ((await approvals.ListAsync(ApprovalState.Pending, cancellationToken)).Count(a => a.Requester == actor) >= limit)
        {
            return new Outcome<ApprovalRecord>.Refused(new PkiProblem(PkiProblemKind.RateLimited, "too many requests wait for an approval already", TimeSpan.FromMinutes(10)));
        }

        var now = time.GetUtcNow();
        var record = new ApprovalRecord(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            requestHash,
            request.Csr.Der.ToArray(),
            profile,
            actor,
            summary,
            ApprovalState.Pending,
            now,
            now + options.ApprovalLifetime,
            DecidedBy: null,
            Decided: null);
        var entry = new LedgerEntry(LedgerEntryKind.EnrollmentPending, now, actor, AuditDetails.Of(
            (AuditDetails.Approval, record.Id),
            (AuditDetails.Profile, profile),
            (AuditDetails.Subject, summary),
            (AuditDetails.Protocol, request.Protocol),
            (AuditDetails.Correlation, request.CorrelationId)));
        if (await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddApproval(record)]), cancellationToken) is CommitOutcome.Committed)
        {
            return new Outcome<ApprovalRecord>.Done(record);
        }

        return await approvals.FindByRequestAsync(requestHash, cancellationToken) is { } first
            ? new Outcome<ApprovalRecord>.Done(first)
            : new Outcome<ApprovalRecord>.Refused(new PkiProblem(PkiProblemKind.Unavailable, "the request could not be parked; try again", TimeSpan.FromSeconds(1)));
    }

    /// <summary>Moves every request whose time is over: called by the appliance's timer, so that a forgotten one holds no place.</summary>
    internal async ValueTask ExpireAllAsync(CancellationToken cancellationToken)
    {
        foreach (var state in new[] { ApprovalState.Pending, ApprovalState.Approved })
        {
            foreach (var record in await approvals.ListAsync(state, cancellationToken))
            {
                await ExpireAsync(record, cancellationToken);
            }
        }
    }

    /// <summary>SHA-256 over profile name, requester and request, each behind its length (4 octets, big-endian).</summary>
    internal static byte[] HashRequest(string profile, string actor, ReadOnlySpan<byte> request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(profile));
        Append(hash, Encoding.UTF8.GetBytes(actor));
        Append(hash, request);
        return hash.GetHashAndReset();
    }

    private async ValueTask<Outcome<ApprovalRecord>> DecideAsync(string id, ApprovalState to, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await approvals.FindAsync(id, cancellationToken) is not { } found)
        {
            return await RefuseAsync(PkiProblemKind.NotFound, "no request of that id waits for an approval", actor, correlationId, cancellationToken);
        }

        var record = await ExpireAsync(found, cancellationToken);
        if (record.State != ApprovalState.Pending)
        {
            return await RefuseAsync(PkiProblemKind.Conflict, $"the request is {Word(record.State)} already", actor, correlationId, cancellationToken);
        }

        var now = time.GetUtcNow();
        return await MoveAsync(record, to, actor, now, correlationId, cancellationToken)
            ? new Outcome<ApprovalRecord>.Done(record with { State = to, DecidedBy = actor, Decided = now })
            : await RefuseAsync(PkiProblemKind.Conflict, "somebody else decided the request at the same moment", actor, correlationId, cancellationToken);
    }

    private async ValueTask<ApprovalRecord> ExpireAsync(ApprovalRecord record, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (record.State is not (ApprovalState.Pending or ApprovalState.Approved) || now < record.NotAfter)
        {
            return record;
        }

        await MoveAsync(record, ApprovalState.Expired, AuditTrail.Appliance, now, null, cancellationToken);
        return await approvals.FindAsync(record.Id, cancellationToken) ?? record;
    }

    private async ValueTask<bool> MoveAsync(ApprovalRecord record, ApprovalState to, string actor, DateTimeOffset now, string? correlationId, CancellationToken cancellationToken)
    {
        var entry = new LedgerEntry(LedgerEntryKind.ApprovalDecided, now, actor, AuditDetails.Of(
            (AuditDetails.Approval, record.Id),
            (AuditDetails.Decision, Word(to)),
            (AuditDetails.Profile, record.Profile),
            (AuditDetails.Subject, record.Summary),
            (AuditDetails.Correlation, correlationId)));
        return await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.MoveApproval(record.Id, record.State, to, actor, now)]), cancellationToken) is CommitOutcome.Committed;
    }

    private async ValueTask<Outcome<ApprovalRecord>> RefuseAsync(PkiProblemKind kind, string detail, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var problem = new PkiProblem(kind, detail);
        await audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<ApprovalRecord>.Refused(problem);
    }

    private static string Word(ApprovalState state) => state.ToString().ToLowerInvariant();

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
