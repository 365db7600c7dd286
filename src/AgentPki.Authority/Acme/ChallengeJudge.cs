using System.Collections.Concurrent;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Acme;

/// <summary>
/// Looks at answered challenges in the background and commits what it found. An answer is durable before it gets here, so that a restart goes on with
/// those that were not judged (<see cref="ResumeAsync"/>).
/// </summary>
internal sealed class ChallengeJudge : IAsyncDisposable
{
    // How long a client's POST waits for the verdict: most looks take less, and the client is spared a poll.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    // One owner may have one in so many.
    private const int OwnersShare = 4;

    // RFC 8555 §8.2: a server may look again. Clients start their listeners in the moment in which they answer the challenge.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _places;
    private readonly OwnerQueue _turns;
    private readonly AcmeChallenges _challenges;
    private readonly AcmeAccounts _accounts;
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly AcmeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public ChallengeJudge(AcmeChallenges challenges, AcmeAccounts accounts, IAcmeStore store, CommitWriter commits, AcmeOptions options, TimeProvider time, ILogger<ChallengeJudge> logger)
    {
        (_challenges, _accounts, _store, _commits, _options, _time, _logger) = (challenges, accounts, store, commits, options, time, logger);
        _places = new SemaphoreSlim(options.ConcurrentValidations);
        // A quarter of the places for one owner, and of the room to wait: its slow targets are not everybody's.
        _turns = new OwnerQueue(Math.Max(1, options.ConcurrentValidations / OwnersShare), options.WaitingValidations / OwnersShare);
    }

    /// <summary>A place for another challenge of that account's owner, to be had before the answer is committed; null: too many wait, of all or of this owner.</summary>
    public OwnerQueue.Place? TryJoin(AcmeAccount account) => _running.Count < _options.WaitingValidations ? _turns.TryJoin(account.Owner) : null;

    /// <summary>Begins a look; returns the authorization as judged if that takes a moment, null if it takes longer.</summary>
    /// <param name="place">Given back here.</param>
    public async ValueTask<AcmeAuthorization?> JudgeSoonAsync(AcmeAccount account, AcmeAuthorization authorization, OwnerQueue.Place place)
    {
        try
        {
            return await Begin(account, authorization, place).WaitAsync(Moment, _time);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Goes on with what was answered and not judged: after a restart, and after a failure of the store.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask ResumeAsync(DateTimeOffset attemptedBefore, CancellationToken cancellationToken)
    {
        foreach (var authorization in await _store.ListAttemptedAsync(_options.WaitingValidations, cancellationToken))
        {
            if (authorization.Attempted < attemptedBefore && !_running.ContainsKey(authorization.Id)
                && await _accounts.FindAsync(authorization.AccountId, cancellationToken) is { } account && TryJoin(account) is { } place)
            {
                _ = Begin(account, authorization, place); // reports by itself; who finds no place now is tried in the next round
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_running.Values);
        _places.Dispose();
        _ending.Dispose();
    }

    // One look at a time for an authorization: a resumed one may be under way already.
    private Task<AcmeAuthorization?> Begin(AcmeAccount account, AcmeAuthorization authorization, OwnerQueue.Place place)
    {
        var verdict = new TaskCompletionSource<AcmeAuthorization?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(authorization.Id, verdict.Task))
        {
            place.Dispose();
            return Task.FromResult<AcmeAuthorization?>(null);
        }

        _ = Task.Run(() => RunAsync(account, authorization, place, verdict));
        return verdict.Task;
    }

    private async Task RunAsync(AcmeAccount account, AcmeAuthorization authorization, OwnerQueue.Place place, TaskCompletionSource<AcmeAuthorization?> verdict)
    {
        AcmeAuthorization? judged = null;
        try
        {
            using (place)
            {
                await place.TurnAsync(_ending.Token);
                await _places.WaitAsync(_ending.Token);
                try
                {
                    judged = await JudgeAsync(account, authorization, _ending.Token);
                }
                finally
                {
                    _places.Release();
                }
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // It stays attempted; the next start goes on with it.
        }
#pragma warning disable CA1031 // Nothing awaits this task: whatever it was (the store, above all) is logged, and the next round of maintenance tries again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Log.ValidationFailed(_logger, authorization.Id, failure);
        }
        finally
        {
            _running.TryRemove(authorization.Id, out _);
            verdict.TrySetResult(judged);
        }
    }

    private async ValueTask<ValidationResult> LookAsync(IChallengeValidator validator, ValidationRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var result = await ValidateAsync(validator, request, cancellationToken);
            if (attempt == Pauses.Length || result is not ValidationResult.Invalid { Error: AcmeErrorType.Connection or AcmeErrorType.Dns })
            {
                return result;
            }

            await Task.Delay(Pauses[attempt], _time, cancellationToken);
        }
    }

    // A validator that fails in a way nobody thought of fails for this challenge every time: it ends the challenge, once.
    private async ValueTask<ValidationResult> ValidateAsync(IChallengeValidator validator, ValidationRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await validator.ValidateAsync(request, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever it was: logged here, and told to the client without its text.
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.ValidatorBroke(_logger, validator.Type, request.Identifier.ToString(), failure);
            return new ValidationResult.Invalid(AcmeErrorType.ServerInternal, "The challenge could not be judged for an error of this server, which the operator finds in its log; place a new order.");
        }
    }

    private async ValueTask<AcmeAuthorization?> JudgeAsync(AcmeAccount account, AcmeAuthorization authorization, CancellationToken cancellationToken)
    {
        var type = authorization.Challenge ?? "";
        var token = AcmeChallenges.Token(authorization.Seed, type);
        var result = _challenges.Find(type) is { } validator
            ? await LookAsync(
                validator, new ValidationRequest(authorization.Identifier, authorization.Wildcard, token, AcmeChallenges.KeyAuthorization(token, account.Thumbprint), authorization.AccountUrl ?? _options.AccountUrl(account.Id), authorization.Payload), cancellationToken)
            : new ValidationResult.Invalid(AcmeErrorType.ServerInternal, $"Challenges of type {type} are not known here any more.");
        return await SettleAsync(account, authorization, type, result);
    }

    private async ValueTask<AcmeAuthorization?> SettleAsync(AcmeAccount account, AcmeAuthorization authorization, string type, ValidationResult result)
    {
        var now = _time.GetUtcNow();
        var expires = now + _options.AuthorizationLifetime;
        (AcmeProblem? error, string? facts, string evidence) = result switch
        {
            ValidationResult.Valid valid => ((AcmeProblem?)null, AcmeFacts.Write(valid.Facts), valid.Evidence),
            ValidationResult.Invalid(var kind, var detail) => (new AcmeProblem(kind, detail), null, detail),
            _ => throw new InvalidOperationException(result.GetType().Name),
        };
        var document = error is { } problem ? (problem with { Subproblems = [] }).ToJson() : null;
        var entry = new LedgerEntry(LedgerEntryKind.AcmeAuthorizationDecided, now, AcmeAccounts.ActorOf(account), AuditDetails.Of(
            (AuditDetails.Decision, error is null ? "valid" : "invalid"),
            (AuditDetails.Subject, authorization.Identifier.ToString()),
            (AuditDetails.Problem, error?.Type.ToString()),
            (AuditDetails.Reason, $"{type}: {evidence}")));
        var settle = new StoreChange.SettleAcmeAuthorization(authorization.Id, type, document, facts, now, expires);
        var spent = (result as ValidationResult.Valid)?.Spends;
        StoreChange[] changes = spent is null ? [settle] : [settle, new StoreChange.SpendProof(spent.Id, spent.Expires, now)];
        return await _commits.CommitAsync(new CommitRequest(entry, [.. changes]), CancellationToken.None) switch
        {
            CommitOutcome.Committed => authorization with
            {
                State = error is null ? AcmeAuthorizationState.Valid : AcmeAuthorizationState.Invalid,
                Validated = error is null ? now : null,
                Expires = error is null ? expires : authorization.Expires,
                Error = document,
                Facts = facts,
            },
            // Another authorization had it: only the store knows, whatever was restarted meanwhile.
            CommitOutcome.Conflict { Change: StoreChange.SpendProof } => await SettleAsync(account, authorization, type, new ValidationResult.Invalid(AcmeErrorType.Unauthorized, spent?.Refusal ?? "")),
            _ => null,
        };
    }
}
