using System.Collections.Concurrent;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Acme;

/// <summary>What somebody without an account asks for (RFC 8555 §7.3).</summary>
/// <param name="Thumbprint">SHA-256 of the key (RFC 7638); the request proved that its sender has the private half.</param>
/// <param name="Jwk">Canonical JSON.</param>
/// <param name="KeySha256">SHA-256 of the key's SubjectPublicKeyInfo.</param>
/// <param name="ExternalKey">The external account key whose MAC was verified; null: none.</param>
public sealed record NewAcmeAccount(byte[] Thumbprint, byte[] Jwk, byte[] KeySha256, IReadOnlyList<string> Contacts, bool TermsAgreed, string? ExternalKey);

/// <summary>ACME accounts: found, made, changed, ended (RFC 8555 §7.3).</summary>
public sealed class AcmeAccounts
{
    private const int CacheLimit = 100_000;
    private readonly ConcurrentDictionary<string, AcmeAccount> _known = new(StringComparer.Ordinal);
    private readonly Lock _knowing = new();
    private long _changes;
    private readonly IAcmeStore _store;
    private readonly ICertificateStore _certificates;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly AcmeOptions _options;
    private readonly TimeProvider _time;

    internal AcmeAccounts(IAcmeStore store, ICertificateStore certificates, CommitWriter commits, AuditTrail audit, AcmeOptions options, TimeProvider time) =>
        (_store, _certificates, _commits, _audit, _options, _time) = (store, certificates, commits, audit, options, time);

    /// <summary>The account of that id, ended ones included; null: there is none. Every request asks, so the answer is remembered; all changes go through here.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public ValueTask<AcmeAccount?> FindAsync(string id, CancellationToken cancellationToken) =>
        _known.TryGetValue(id, out var known) ? new(known) : AcmeId.IsValid(id) ? ReadAsync(id, cancellationToken) : new((AcmeAccount?)null);

    public ValueTask<AcmeAccount?> FindByKeyAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) => _store.FindAccountByKeyAsync(thumbprint, cancellationToken);

    public ValueTask<IReadOnlyList<AcmeAccount>> ListAsync(int limit, CancellationToken cancellationToken) => _store.ListAccountsAsync(limit, cancellationToken);

    /// <summary>A new account, or the one that the key has already (RFC 8555 §7.3.1).</summary>
    /// <returns>The account, and whether it is new.</returns>
    public async ValueTask<AcmeOutcome<(AcmeAccount Account, bool Created)>> CreateAsync(NewAcmeAccount wanted, string correlationId, CancellationToken cancellationToken)
    {
        if (await FindByKeyAsync(wanted.Thumbprint, cancellationToken) is { } existing)
        {
            return (existing, false);
        }

        if (AcmeContacts.Check(wanted.Contacts) is { } wrong)
        {
            return wrong;
        }

        if (await CheckKeyAsync(wanted.KeySha256, cancellationToken) is { } otherwiseUsed)
        {
            return otherwiseUsed;
        }

        if (_options.TermsOfService is { } terms && !wanted.TermsAgreed)
        {
            return new AcmeProblem(AcmeErrorType.UserActionRequired, $"Agree to the terms of service ({terms}) with \"termsOfServiceAgreed\": true (RFC 8555 §7.3).");
        }

        var (owner, refusal) = await OwnerAsync(wanted, cancellationToken);
        if (owner is null)
        {
            return refusal ?? new AcmeProblem(AcmeErrorType.Unauthorized, "Nobody answers for this account.");
        }

        var (now, changes) = (_time.GetUtcNow(), Volatile.Read(ref _changes));
        var id = AcmeId.Create(now);
        var account = new AcmeAccount(id, wanted.Thumbprint, wanted.Jwk, wanted.Contacts, AcmeAccountState.Valid, wanted.ExternalKey, owner.Length > 0 ? owner : $"acme:{id}", wanted.TermsAgreed, now);
        var entry = Entry(account, AccountCreated, correlationId, (AuditDetails.Owner, account.Owner), (AuditDetails.Credential, account.ExternalKey));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddAcmeAccount(account)]), cancellationToken) switch
        {
            CommitOutcome.Conflict conflict when await FindByKeyAsync(wanted.Thumbprint, cancellationToken) is { } other => (other, false),
            CommitOutcome.Conflict conflict => new AcmeProblem(AcmeErrorType.Unauthorized, conflict.Reason),
            _ => (Remember(account, changes), true),
        };
    }

    public async ValueTask<AcmeOutcome<AcmeAccount>> SetContactsAsync(AcmeAccount account, IReadOnlyList<string> contacts, string correlationId, CancellationToken cancellationToken)
    {
        if (AcmeContacts.Check(contacts) is { } wrong)
        {
            return wrong;
        }

        return await ChangeAsync(account with { Contacts = contacts }, Entry(account, AccountChanged, correlationId), new StoreChange.SetAcmeContacts(account.Id, contacts), cancellationToken);
    }

    /// <summary>RFC 8555 §7.3.6; nothing it began goes on. Its certificates stay what they are.</summary>
    public async ValueTask<AcmeOutcome<AcmeAccount>> DeactivateAsync(AcmeAccount account, string correlationId, CancellationToken cancellationToken) =>
        await ChangeAsync(account with { State = AcmeAccountState.Deactivated }, Entry(account, AccountChanged, correlationId, (AuditDetails.To, "deactivated")),
            new StoreChange.EndAcmeAccount(account.Id, AcmeAccountState.Deactivated), cancellationToken);

    /// <summary>The same by an operator.</summary>
    public async ValueTask<AcmeOutcome<AcmeAccount>> RevokeAsync(string id, string actor, string correlationId, CancellationToken cancellationToken) =>
        await _store.FindAccountAsync(id, cancellationToken) is { } account
            ? await ChangeAsync(account with { State = AcmeAccountState.Revoked }, Entry(account, AccountChanged, correlationId, (AuditDetails.To, "revoked")) with { Actor = actor },
                new StoreChange.EndAcmeAccount(id, AcmeAccountState.Revoked), cancellationToken)
            : AcmeProblem.NotFound("account");

    /// <summary>RFC 8555 §7.3.5; the caller verified the new key's signature.</summary>
    /// <param name="keySha256">SHA-256 of the new key's SubjectPublicKeyInfo.</param>
    public async ValueTask<AcmeOutcome<AcmeAccount>> RekeyAsync(AcmeAccount account, byte[] thumbprint, byte[] jwk, byte[] keySha256, string correlationId, CancellationToken cancellationToken) =>
        await CheckKeyAsync(keySha256, cancellationToken) is { } otherwiseUsed ? otherwiseUsed : await ChangeAsync(account with { Thumbprint = thumbprint, Jwk = jwk }, Entry(account, AccountChanged, correlationId, (AuditDetails.KeySha256, AuditDetails.Hex(thumbprint))),
            new StoreChange.RekeyAcmeAccount(account.Id, account.Thumbprint, thumbprint, jwk), cancellationToken);

    /// <summary>What the ledger calls an account.</summary>
    public static string ActorOf(AcmeAccount account) => $"acme:{account.Id}";

    private const string AccountCreated = "created";
    private const string AccountChanged = "changed";

    // Null with the refusal; empty: the account answers for itself.
    private async ValueTask<(string? Owner, AcmeProblem? Refusal)> OwnerAsync(NewAcmeAccount wanted, CancellationToken cancellationToken)
    {
        if (wanted.ExternalKey is not { } id)
        {
            return _options.ExternalAccountRequired
                ? (null, new AcmeProblem(AcmeErrorType.ExternalAccountRequired, "A new account is vouched for by an external account key here: ask the operator for one and send externalAccountBinding (RFC 8555 §7.3.4)."))
                : ("", null);
        }

        return await _store.FindExternalKeyAsync(id, cancellationToken) switch
        {
            null => (null, new AcmeProblem(AcmeErrorType.Unauthorized, "The external account key is not known.")),
            { Revoked: not null } => (null, new AcmeProblem(AcmeErrorType.Unauthorized, "The external account key is revoked; ask the operator for another.")),
            var key when key.NotAfter <= _time.GetUtcNow() => (null, new AcmeProblem(AcmeErrorType.Unauthorized, $"The external account key ended at {key.NotAfter:u}; ask the operator for another.")),
            var key => (key.Owner, null),
        };
    }

    // RFC 8555 §11.1: an account's key has no other use. What holds the key of a certificate could act for the account.
    private async ValueTask<AcmeProblem?> CheckKeyAsync(byte[] keySha256, CancellationToken cancellationToken) =>
        await _certificates.FindKeyAsync(keySha256, cancellationToken) is { AgentId: not null } or { Blocked: not null } || await _certificates.IsCompositeHalfAsync(keySha256, cancellationToken)
            ? new AcmeProblem(AcmeErrorType.BadPublicKey, "The key has or had a certificate here, and an account's key has no other use (RFC 8555 §11.1); make another key for the account.")
            : null;

    private async ValueTask<AcmeOutcome<AcmeAccount>> ChangeAsync(AcmeAccount changed, LedgerEntry entry, StoreChange change, CancellationToken cancellationToken)
    {
        CommitOutcome outcome;
        try
        {
            outcome = await _commits.CommitAsync(new CommitRequest(entry, [change]), cancellationToken);
        }
        finally
        {
            Forget(changed.Id);
        }

        return outcome is CommitOutcome.Conflict conflict
            ? change is StoreChange.RekeyAcmeAccount && conflict.Reason == ConflictReasons.AcmeAccountExists
                ? new AcmeProblem(AcmeErrorType.Malformed, "The new key has an account already.") { Status = 409 }
                : new AcmeProblem(AcmeErrorType.Unauthorized, "The account is not valid any more.")
            : await FindAsync(changed.Id, CancellationToken.None) ?? changed;
    }

    private LedgerEntry Entry(AcmeAccount account, string decision, string correlationId, params ReadOnlySpan<(string, string?)> more) =>
        new(LedgerEntryKind.AcmeAccountChanged, _time.GetUtcNow(), ActorOf(account), AuditDetails.Of([(AuditDetails.Decision, decision), (AuditDetails.Correlation, correlationId), .. more]));

    private async ValueTask<AcmeAccount?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var changes = Volatile.Read(ref _changes);
        return await _store.FindAccountAsync(id, cancellationToken) is { } account ? Remember(account, changes) : null;
    }

    // Unless an account was changed since: what was read then may be from before the change, and would stay.
    private AcmeAccount Remember(AcmeAccount account, long changesBefore)
    {
        lock (_knowing)
        {
            if (_changes == changesBefore)
            {
                if (_known.Count >= CacheLimit)
                {
                    _known.Clear(); // rare, and only costs reads
                }

                _known[account.Id] = account;
            }
        }

        return account;
    }

    // After the commit: what is remembered is what a read finds from now on, never what one of several changes at once would have made.
    private void Forget(string id)
    {
        lock (_knowing)
        {
            _changes++;
            _known.TryRemove(id, out _);
        }
    }
}
