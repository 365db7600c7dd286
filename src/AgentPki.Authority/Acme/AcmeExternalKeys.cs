using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Authority.Acme;

/// <summary>What a new external account key shall allow; see <see cref="AcmeExternalKey"/>.</summary>
/// <param name="Id">Null: one is made.</param>
public sealed record NewAcmeExternalKey(string? Id, string Owner, IReadOnlyList<string> Names, IReadOnlyList<string> Profiles, int? MaxAccounts, TimeSpan Lifetime);

/// <summary>A new key with its secret, base64url: the only place and time where an operator sees it.</summary>
public sealed record CreatedAcmeExternalKey(AcmeExternalKey Key, string Secret)
{
    /// <summary>The id alone: a secret must not reach a log through string formatting (invariant 8).</summary>
    public override string ToString() => $"CreatedAcmeExternalKey {Key.Id}";
}

/// <summary>Makes, lists, revokes and uses external account keys (RFC 8555 §7.3.4). Their secrets lie in the store wrapped under a key of the token.</summary>
public sealed class AcmeExternalKeys
{
    private const int SecretSize = 32;
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(3660);
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly ProfileCatalog _profiles;
    private readonly IKeyWrapper? _wrapper;
    private readonly TimeProvider _time;

    internal AcmeExternalKeys(IAcmeStore store, CommitWriter commits, AuditTrail audit, ProfileCatalog profiles, IKeyWrapper? wrapper, TimeProvider time) =>
        (_store, _commits, _audit, _profiles, _wrapper, _time) = (store, commits, audit, profiles, wrapper, time);

    public ValueTask<IReadOnlyList<AcmeExternalKey>> ListAsync(CancellationToken cancellationToken) => _store.ListExternalKeysAsync(cancellationToken);

    public ValueTask<AcmeExternalKey?> FindAsync(string id, CancellationToken cancellationToken) => _store.FindExternalKeyAsync(id, cancellationToken);

    /// <exception cref="KeyUnavailableException">The token cannot wrap now.</exception>
    public async ValueTask<Outcome<CreatedAcmeExternalKey>> CreateAsync(NewAcmeExternalKey wanted, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (_wrapper is null)
        {
            return await RefuseAsync<CreatedAcmeExternalKey>(new PkiProblem(PkiProblemKind.Unavailable, "there is no token key to wrap secrets under"), actor, correlationId, cancellationToken);
        }

        if (Check(wanted) is { } wrong)
        {
            return await RefuseAsync<CreatedAcmeExternalKey>(new PkiProblem(PkiProblemKind.PolicyViolation, wrong), actor, correlationId, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var id = wanted.Id ?? AcmeId.Create(now);
        var secret = RandomNumberGenerator.GetBytes(SecretSize);
        var wrapped = await _wrapper.WrapAsync(secret, BindingOf(id), cancellationToken);
        var key = new AcmeExternalKey(id, wrapped, wanted.Owner, [.. wanted.Names], [.. wanted.Profiles], wanted.MaxAccounts, 0, now, now + wanted.Lifetime, null);
        var entry = new LedgerEntry(LedgerEntryKind.CredentialCreated, now, actor, AuditDetails.Of(
            (AuditDetails.Credential, $"acme:{id}"),
            (AuditDetails.Owner, key.Owner),
            (AuditDetails.Profile, string.Join(' ', key.Profiles)),
            (AuditDetails.Subject, string.Join(' ', key.Names)),
            (AuditDetails.Total, key.MaxAccounts?.ToString()),
            (AuditDetails.NotAfter, AuditDetails.Instant(key.NotAfter)),
            (AuditDetails.Correlation, correlationId)));
        var text = Base64Url.EncodeToString(secret);
        CryptographicOperations.ZeroMemory(secret);
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddAcmeExternalKey(key)]), cancellationToken) is CommitOutcome.Conflict
            ? await RefuseAsync<CreatedAcmeExternalKey>(new PkiProblem(PkiProblemKind.Conflict, $"an external account key '{id}' exists already"), actor, correlationId, cancellationToken)
            : new Outcome<CreatedAcmeExternalKey>.Done(new CreatedAcmeExternalKey(key, text));
    }

    public async ValueTask<Outcome<string>> RevokeAsync(string id, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.CredentialRevoked, now, actor, AuditDetails.Of((AuditDetails.Credential, $"acme:{id}"), (AuditDetails.Correlation, correlationId)));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.RevokeAcmeExternalKey(id, now)]), cancellationToken) is CommitOutcome.Conflict
            ? await RefuseAsync<string>(new PkiProblem(PkiProblemKind.NotFound, "there is no external account key of that id"), actor, correlationId, cancellationToken)
            : new Outcome<string>.Done(id);
    }

    /// <summary>The MAC key of that id, which the caller zeroizes; null: unknown. Whether it may still be used, <see cref="AcmeAccounts.CreateAsync"/> decides.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot unwrap now.</exception>
    public async ValueTask<byte[]?> SecretAsync(string id, CancellationToken cancellationToken) =>
        _wrapper is not null && AcmeId.IsValid(id) && await _store.FindExternalKeyAsync(id, cancellationToken) is { } key
            ? await _wrapper.UnwrapAsync(key.WrappedSecret, BindingOf(id), cancellationToken)
            : null;

    private static byte[] BindingOf(string id) => Encoding.ASCII.GetBytes($"acme external account key {id}");

    private string? Check(NewAcmeExternalKey wanted)
    {
        if (wanted.Id is { } id && !AcmeId.IsValid(id))
        {
            return "an external account key's id is 1 to 64 letters, digits, '-' and '_'";
        }

        if (OwnerRules.Check(wanted.Owner) is { } wrongOwner)
        {
            return wrongOwner;
        }

        if (wanted.Names.FirstOrDefault(n => n.Length is 0 or > 512 || n.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))) is not null)
        {
            return "a name pattern is a glob over DNS names, addresses and devices (*.agents.example) or, with '/' at its start, over the paths of SPIFFE IDs (/agent/team-a-*)";
        }

        if (wanted.MaxAccounts is < 1 || wanted.Lifetime < TimeSpan.FromMinutes(1) || wanted.Lifetime > LongestLifetime)
        {
            return "an external account key makes one account or more, for a minute to ten years";
        }

        var unfit = wanted.Profiles.FirstOrDefault(p => _profiles.Find(p) is not { Authentication.Acme: true });
        return unfit is null ? null : $"'{unfit}' is no profile that takes ACME; those are {string.Join(", ", _profiles.All.Where(p => p.Authentication.Acme).Select(p => p.Name))}";
    }

    private async ValueTask<Outcome<T>> RefuseAsync<T>(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<T>.Refused(problem);
    }
}
