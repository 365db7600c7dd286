using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Acme;

/// <summary>Authorizations: read, given up, and their challenges answered (RFC 8555 §7.5).</summary>
public sealed class AcmeAuthorizations
{
    private readonly AcmeChallenges _challenges;
    private readonly ChallengeJudge _judge;
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly TimeProvider _time;

    internal AcmeAuthorizations(AcmeChallenges challenges, ChallengeJudge judge, IAcmeStore store, CommitWriter commits, TimeProvider time) =>
        (_challenges, _judge, _store, _commits, _time) = (challenges, judge, store, commits, time);

    /// <summary>The challenges of an authorization, as its account sees them now.</summary>
    public IReadOnlyList<AcmeChallenge> ChallengesOf(AcmeAuthorization authorization) => _challenges.Of(authorization);

    /// <summary>An authorization of that account; null: there is none.</summary>
    public async ValueTask<AcmeAuthorization?> FindAsync(AcmeAccount account, string id, CancellationToken cancellationToken) =>
        AcmeId.IsValid(id) && await _store.FindAuthorizationAsync(id, cancellationToken) is { } found && found.AccountId == account.Id ? found : null;

    /// <summary>Whether its time is over: RFC 8555 §7.1.6 "expired".</summary>
    public bool IsExpired(AcmeAuthorization authorization) => authorization.Expires <= _time.GetUtcNow();

    /// <summary>
    /// The client is ready to be looked at (RFC 8555 §7.5.1). Returns when that is durable and, if the look takes less than a moment, when it is over. An answer
    /// that was given before is not given again: the authorization is returned as it is.
    /// </summary>
    public async ValueTask<AcmeOutcome<AcmeAuthorization>> AnswerAsync(AcmeCaller caller, string id, string type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller.Account, id, cancellationToken) is not { } authorization || _challenges.Of(authorization).All(c => c.Type != type))
        {
            return AcmeProblem.NotFound("challenge");
        }

        if (authorization.State != AcmeAuthorizationState.Pending || authorization.Challenge is not null)
        {
            return authorization;
        }

        var now = _time.GetUtcNow();
        if (IsExpired(authorization))
        {
            return new AcmeProblem(AcmeErrorType.Malformed, "The authorization has expired; place a new order.");
        }

        // Before the answer is committed: what is durable is looked at, whoever waits.
        if (_judge.TryJoin(caller.Account) is not { } place)
        {
            return new AcmeProblem(AcmeErrorType.RateLimited, "Too many challenges wait to be looked at; come back in a moment.", TimeSpan.FromSeconds(5));
        }

        var attempt = new StoreChange.AttemptAcmeChallenge(id, type, payload.ToArray(), caller.Url, now);
        try
        {
            if (await _commits.CommitAsync(new CommitRequest(null, [attempt]), cancellationToken) is CommitOutcome.Conflict)
            {
                place.Dispose();
                return await FindAsync(caller.Account, id, cancellationToken) is { } moved ? moved : AcmeProblem.NotFound("challenge");
            }
        }
        catch (Exception failure) when (failure is StoreUnavailableException or OperationCanceledException)
        {
            place.Dispose();
            throw;
        }

        authorization = authorization with { Challenge = type, Payload = attempt.Payload, AccountUrl = caller.Url, Attempted = now };
        return await _judge.JudgeSoonAsync(caller.Account, authorization, place) ?? authorization;
    }

    private static AcmeProblem GivenUp => new(AcmeErrorType.Unauthorized, "An authorization of this order was given up; place a new order.");

    /// <summary>RFC 8555 §7.5.2.</summary>
    public async ValueTask<AcmeOutcome<AcmeAuthorization>> DeactivateAsync(AcmeAccount account, AcmeAuthorization authorization, string correlationId, CancellationToken cancellationToken)
    {
        var entry = new LedgerEntry(LedgerEntryKind.AcmeAuthorizationDecided, _time.GetUtcNow(), AcmeAccounts.ActorOf(account), AuditDetails.Of(
            (AuditDetails.Decision, "deactivated"),
            (AuditDetails.Subject, authorization.Identifier.ToString()),
            (AuditDetails.Correlation, correlationId)));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.DeactivateAcmeAuthorization(authorization.Id, GivenUp.ToJson())]), cancellationToken) is CommitOutcome.Conflict
            ? new AcmeProblem(AcmeErrorType.Malformed, "The authorization is neither pending nor valid.")
            : authorization with { State = AcmeAuthorizationState.Deactivated };
    }
}
