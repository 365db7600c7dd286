using System.Security.Cryptography;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Acme;

/// <summary>What a client orders (RFC 8555 §7.4).</summary>
/// <param name="Profile">The name or label of a profile; null: the default one.</param>
/// <param name="Replaces">RFC 9773 §5; null: nothing.</param>
public sealed record NewAcmeOrder(IReadOnlyList<AcmeIdentifier> Identifiers, string? Profile, string? Replaces);

/// <summary>Whose request it is.</summary>
/// <param name="Url">The account's URL as its client was given it, by which challenges (dns-account-01) and CAA records (RFC 8657 §3) name it.</param>
public sealed record AcmeCaller(AcmeAccount Account, string Url, string CorrelationId);

/// <summary>Orders: placed, finalized, read. Their states are the store's; what is only a matter of time (expiry) is told when they are read.</summary>
public sealed class AcmeOrders
{
    private const int SeedSize = 32;
    private readonly AcmeNames _names;
    private readonly AcmeChallenges _challenges;
    private readonly AcmeFinalization _finalization;
    private readonly ProfileCatalog _profiles;
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly AcmeRenewals _renewals;
    private readonly AcmeOptions _options;
    private readonly TimeProvider _time;

    internal AcmeOrders(
        AcmeNames names, AcmeChallenges challenges, AcmeFinalization finalization, ProfileCatalog profiles, IAcmeStore store, CommitWriter commits, AcmeRenewals renewals, AcmeOptions options, TimeProvider time) =>
        (_names, _challenges, _finalization, _profiles, _store, _commits, _renewals, _options, _time) = (names, challenges, finalization, profiles, store, commits, renewals, options, time);

    /// <summary>Profiles that can be ordered, for the directory: label and description.</summary>
    public IReadOnlyDictionary<string, string> Profiles => _profiles.All.Where(p => p.Authentication.Acme && p.Use == ProfileUse.Agent).SelectMany(p => p.Labels.Select(l => (Label: l, p.Description)))
        .ToDictionary(p => p.Label, p => p.Description, StringComparer.Ordinal);

    /// <summary>Places an order; durable when this returns.</summary>
    public async ValueTask<AcmeOutcome<AcmeOrder>> PlaceAsync(AcmeAccount account, NewAcmeOrder wanted, CancellationToken cancellationToken)
    {
        // 1. For which profile, and whether this account may have it.
        if (ProfileOf(wanted.Profile) is not { } profile)
        {
            return new AcmeProblem(AcmeErrorType.InvalidProfile, $"There is no ACME profile of that name; the directory lists {string.Join(", ", Profiles.Keys.Order(StringComparer.Ordinal))}.");
        }

        var key = account.ExternalKey is { } id ? await _store.FindExternalKeyAsync(id, cancellationToken) : null;
        if (key is { Profiles.Count: > 0 } && !key.Profiles.Contains(profile.Name))
        {
            return new AcmeProblem(AcmeErrorType.InvalidProfile, $"The account's external key allows the profiles {string.Join(", ", key.Profiles)} only.");
        }

        // 2. The names: each valid, allowed, and provable here.
        var now = _time.GetUtcNow();
        if (CheckNames(wanted.Identifiers, profile, key, now) is { } notTheseNames)
        {
            return notTheseNames;
        }

        // 3. What it replaces, if it says so.
        if (wanted.Replaces is { } replaces && await _renewals.CheckReplacesAsync(account, replaces, wanted.Identifiers, cancellationToken) is { } notThat)
        {
            return notThat;
        }

        // 4. An authorization for each name: a valid one of this account, or a new one. The order ends with the first that ends (RFC 8555 §7.1.6).
        var expires = now + _options.OrderLifetime;
        var (needed, added, ready) = (new List<string>(), new List<AcmeAuthorization>(), true);
        foreach (var identifier in wanted.Identifiers)
        {
            var (authorization, isNew) = await AuthorizationForAsync(account, identifier, key, now, cancellationToken);
            needed.Add(authorization.Id);
            ready &= authorization.State == AcmeAuthorizationState.Valid;
            expires = authorization.Expires < expires ? authorization.Expires : expires;
            if (isNew)
            {
                added.Add(authorization);
            }
        }

        var order = new AcmeOrder(
            AcmeId.Create(now), account.Id, ready ? AcmeOrderState.Ready : AcmeOrderState.Pending, wanted.Identifiers, needed, profile.Name, now, expires, wanted.Replaces, null, null, null);
        return await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.AddAcmeOrder(order, added)]), cancellationToken) is CommitOutcome.Conflict conflict
            ? wanted.Replaces is not null && conflict.Reason == ConflictReasons.AcmeAlreadyReplaced(wanted.Replaces)
                ? new AcmeProblem(AcmeErrorType.AlreadyReplaced, "Another order replaces that certificate already (RFC 9773 §5).")
                : new AcmeProblem(AcmeErrorType.Unauthorized, "The account is not valid any more.")
            : order;
    }

    /// <summary>An order of that account; null: there is none.</summary>
    /// <remarks>One whose request waited for a person and may be answered now is answered first.</remarks>
    public async ValueTask<AcmeOrder?> FindAsync(AcmeCaller caller, string id, CancellationToken cancellationToken)
    {
        if (!AcmeId.IsValid(id) || await _store.FindOrderAsync(id, cancellationToken) is not { } order || order.AccountId != caller.Account.Id)
        {
            return null;
        }

        if (order is { State: AcmeOrderState.Processing, Request: { } request } && Pkcs10Request.TryParse(request, out var csr, out _))
        {
            var outcome = await _finalization.RunAsync(caller, order, csr, cancellationToken);
            order = await _store.FindOrderAsync(id, cancellationToken);
            // It goes on, and its client may see what is in the way.
            return order is { State: AcmeOrderState.Processing } && outcome is AcmeOutcome<AcmeOrder>.Refused({ Type: AcmeErrorType.Caa or AcmeErrorType.Dns } problem) ? order with { Error = problem.ToJson() } : order;
        }

        // RFC 8555 §7.1.6: what ended before it was done is invalid; and while it is signed it is processing.
        return order.Expires <= _time.GetUtcNow() && order is { State: < AcmeOrderState.Processing } or { State: AcmeOrderState.Invalid, Error: null } ? order with { State = AcmeOrderState.Invalid, Error = Expired.ToJson() }
            : order.State == AcmeOrderState.Ready && _finalization.IsUnderWay(id) ? order with { State = AcmeOrderState.Processing }
            : order;
    }

    public ValueTask<IReadOnlyList<string>> ListAsync(AcmeAccount account, string? before, int limit, CancellationToken cancellationToken) => _store.ListOrdersAsync(account.Id, before, before is null ? null : AcmeId.TimeOf(before), limit, cancellationToken);

    /// <summary>The request of a ready order (RFC 8555 §7.4): the certificate, or processing when a person must say yes.</summary>
    /// <returns>The order as it is then.</returns>
    public async ValueTask<AcmeOutcome<AcmeOrder>> FinalizeAsync(AcmeCaller caller, string id, Pkcs10Request csr, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller, id, cancellationToken) is not { } order)
        {
            return AcmeProblem.NotFound("order");
        }

        if (order.State != AcmeOrderState.Ready)
        {
            return new AcmeProblem(AcmeErrorType.OrderNotReady, $"The order is {WireName(order.State)}; only a ready one is finalized.");
        }

        return _names.CheckRequest(csr, order) is { } wrong
            ? new AcmeProblem(AcmeErrorType.BadCsr, $"The request is not this order's: {wrong}.")
            : await _finalization.RunAsync(caller, order, csr, cancellationToken);
    }

    /// <summary>The name under which the directory lists an order's profile; null: it is not there any more.</summary>
    public string? LabelOf(AcmeOrder order) => ProfileLabel(order.Profile);

    /// <summary>As RFC 8555 §7.1.6 writes it.</summary>
    public static string WireName(AcmeOrderState state) => state switch
    {
        AcmeOrderState.Pending => "pending",
        AcmeOrderState.Ready => "ready",
        AcmeOrderState.Processing => "processing",
        AcmeOrderState.Valid => "valid",
        AcmeOrderState.Invalid => "invalid",
    };

    /// <summary>A new authorization for one name, outside an order (RFC 8555 §7.4.1), or the valid one that is there.</summary>
    public async ValueTask<AcmeOutcome<AcmeAuthorization>> PreauthorizeAsync(AcmeAccount account, AcmeIdentifier identifier, CancellationToken cancellationToken)
    {
        if (identifier.IsWildcard)
        {
            return new AcmeProblem(AcmeErrorType.Malformed, "A wildcard cannot be authorized before it is ordered (RFC 8555 §7.4.1).");
        }

        if (ProfileOf(null) is not { } profile)
        {
            return new AcmeProblem(AcmeErrorType.InvalidProfile, "No profile here takes ACME.");
        }

        var key = account.ExternalKey is { } id ? await _store.FindExternalKeyAsync(id, cancellationToken) : null;
        var now = _time.GetUtcNow();
        if (CheckNames([identifier], profile, key, now) is { } wrong)
        {
            return wrong;
        }

        var (authorization, isNew) = await AuthorizationForAsync(account, identifier, key, now, cancellationToken);
        return isNew && await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.AddAcmeAuthorization(authorization)]), cancellationToken) is CommitOutcome.Conflict
            ? new AcmeProblem(AcmeErrorType.Unauthorized, "The account is not valid any more.")
            : authorization;
    }

    private static AcmeProblem Expired => new(AcmeErrorType.Malformed, "The order, or an authorization that it needs, expired before it was finalized; place a new one.");

    private AcmeProblem? CheckNames(IReadOnlyList<AcmeIdentifier> identifiers, CertificateProfile profile, AcmeExternalKey? key, DateTimeOffset now)
    {
        if (identifiers.Count == 0 || identifiers.Count > Math.Min(_options.MaximumIdentifiers, profile.Names.Maximum - 1))
        {
            return new AcmeProblem(AcmeErrorType.Malformed, $"An order is for 1 to {Math.Min(_options.MaximumIdentifiers, profile.Names.Maximum - 1)} names here.");
        }

        if (identifiers.Count(i => i.Type == AcmeIdentifierTypes.Spiffe) > 1)
        {
            return new AcmeProblem(AcmeErrorType.RejectedIdentifier, "A certificate carries one SPIFFE ID (X509-SVID §2).");
        }

        var wrong = new List<AcmeSubproblem>();
        foreach (var identifier in identifiers)
        {
            var why = _names.WhyNot(identifier, profile, key);
            if (why is null && !AcmeNames.IsGranted(identifier, key, now) && !_challenges.CanProve(identifier.ForAuthorization, identifier.IsWildcard))
            {
                why = "no challenge here proves such a name";
            }

            if (why is not null)
            {
                wrong.Add(new AcmeSubproblem(AcmeErrorType.RejectedIdentifier, $"{identifier.Value}: {why}.", identifier));
            }
        }

        // RFC 8555 §6.7.1: one problem, with a subproblem for each name where there are several.
        return wrong.Count switch
        {
            0 => null,
            1 when identifiers.Count == 1 => new AcmeProblem(AcmeErrorType.RejectedIdentifier, wrong[0].Detail),
            _ => new AcmeProblem(AcmeErrorType.RejectedIdentifier, $"{wrong.Count} of {identifiers.Count} names cannot be ordered.") { Subproblems = wrong },
        };
    }

    private async ValueTask<(AcmeAuthorization Authorization, bool IsNew)> AuthorizationForAsync(AcmeAccount account, AcmeIdentifier identifier, AcmeExternalKey? key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (name, wildcard, granted) = (identifier.ForAuthorization, identifier.IsWildcard, AcmeNames.IsGranted(identifier, key, now));
        // Not one that would end before the client has made its request, not one that is for a single key (a renewal may bring another), and not one that a
        // key gave which gives nothing any more.
        if (await _store.FindValidAuthorizationAsync(account.Id, name, wildcard, now + Shortest, cancellationToken) is { Facts: null } valid
            && name.Type != AcmeIdentifierTypes.PermanentIdentifier && (granted || !valid.IsGranted))
        {
            return (valid, false);
        }

        var lifetime = now + _options.AuthorizationLifetime;
        return (new AcmeAuthorization(
            AcmeId.Create(now),
            account.Id,
            name,
            wildcard,
            granted ? AcmeAuthorizationState.Valid : AcmeAuthorizationState.Pending,
            granted ? key is { } by && by.NotAfter < lifetime ? by.NotAfter : lifetime : now + _options.OrderLifetime,
            RandomNumberGenerator.GetBytes(SeedSize),
            null,
            null,
            null,
            granted ? now : null,
            null,
            null), true);
    }

    internal const string Protocol = "acme";

    // How long an authorization must last to serve another order: a client has other names to prove, by records that take their time.
    private TimeSpan Shortest => _options.AuthorizationLifetime / 4 is var quarter && quarter < TimeSpan.FromMinutes(5) ? quarter : TimeSpan.FromMinutes(5);

    private CertificateProfile? ProfileOf(string? name) =>
        (name is null ? _profiles.FindByLabel(null) : _profiles.FindByLabel(name) ?? _profiles.Find(name)) is { Use: ProfileUse.Agent, Authentication.Acme: true } profile ? profile : null;

    private string? ProfileLabel(string name) => _profiles.Find(name) is { Labels: [var label, ..] } ? label : null;
}
