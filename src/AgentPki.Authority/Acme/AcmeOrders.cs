using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Acme;

/// <summary>What a client orders (RFC 8555 §7.4).</summary>
/// <param name="Profile">The name or label of a profile; null: the default one.</param>
/// <param name="Replaces">RFC 9773 §5; null: nothing.</param>
public sealed record NewAcmeOrder(IReadOnlyList<AcmeIdentifier> Identifiers, string? Profile, string? Replaces);

/// <summary>Orders: placed, finalized, read. Their states are the store's; what is only a matter of time (expiry) is told when they are read.</summary>
public sealed class AcmeOrders
{
    private const int SeedSize = 32;
    private readonly ConcurrentDictionary<string, byte> _finalizing = new(StringComparer.Ordinal);
    private readonly OwnerQueue _queue;
    private readonly AcmeNames _names;
    private readonly AcmeChallenges _challenges;
    private readonly RegistrationAuthority _registration;
    private readonly IssuerDirectory _issuers;
    private readonly ProfileCatalog _profiles;
    private readonly ICaaChecker? _caa;
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly AcmeRenewals _renewals;
    private readonly AcmeOptions _options;
    private readonly TimeProvider _time;

    internal AcmeOrders(
        AcmeNames names,
        AcmeChallenges challenges,
        RegistrationAuthority registration,
        IssuerDirectory issuers,
        ProfileCatalog profiles,
        ICaaChecker? caa,
        IAcmeStore store,
        CommitWriter commits,
        AcmeRenewals renewals,
        AcmeOptions options,
        TimeProvider time)
    {
        (_names, _challenges, _registration, _issuers, _profiles, _caa, _store, _commits, _renewals, _options, _time) = (names, challenges, registration, issuers, profiles, caa, store, commits, renewals, options, time);
        _queue = new OwnerQueue(options.ConcurrentFinalizations, options.WaitingFinalizations);
    }

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
        if (CheckNames(wanted.Identifiers, profile, key) is { } notTheseNames)
        {
            return notTheseNames;
        }

        // 3. What it replaces, if it says so.
        if (wanted.Replaces is { } replaces && await _renewals.CheckReplacesAsync(account, replaces, wanted.Identifiers, cancellationToken) is { } notThat)
        {
            return notThat;
        }

        // 4. An authorization for each name: a valid one of this account, or a new one.
        var now = _time.GetUtcNow();
        var expires = now + _options.OrderLifetime;
        var (needed, added, ready) = (new List<string>(), new List<AcmeAuthorization>(), true);
        foreach (var identifier in wanted.Identifiers)
        {
            var authorization = await AuthorizationForAsync(account, identifier, key, now, expires, cancellationToken);
            needed.Add(authorization.Authorization.Id);
            ready &= authorization.Authorization.State == AcmeAuthorizationState.Valid;
            if (authorization.IsNew)
            {
                added.Add(authorization.Authorization);
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
    public async ValueTask<AcmeOrder?> FindAsync(AcmeAccount account, string id, string correlationId, CancellationToken cancellationToken)
    {
        if (!AcmeId.IsValid(id) || await _store.FindOrderAsync(id, cancellationToken) is not { } order || order.AccountId != account.Id)
        {
            return null;
        }

        if (order is { State: AcmeOrderState.Processing, Request: { } request } && Pkcs10Request.TryParse(request, out var csr, out _))
        {
            await FinalizeAsync(account, order, csr, correlationId, cancellationToken);
            return await _store.FindOrderAsync(id, cancellationToken);
        }

        // RFC 8555 §7.1.6: what ended before it was done is invalid; and while it is signed it is processing.
        return order.State < AcmeOrderState.Processing && order.Expires <= _time.GetUtcNow() ? order with { State = AcmeOrderState.Invalid, Error = Expired.ToJson() }
            : order.State == AcmeOrderState.Ready && _finalizing.ContainsKey(id) ? order with { State = AcmeOrderState.Processing }
            : order;
    }

    public ValueTask<IReadOnlyList<string>> ListAsync(AcmeAccount account, string? before, int limit, CancellationToken cancellationToken) => _store.ListOrdersAsync(account.Id, before, limit, cancellationToken);

    /// <summary>The request of a ready order (RFC 8555 §7.4): the certificate, or processing when a person must say yes.</summary>
    /// <returns>The order as it is then.</returns>
    public async ValueTask<AcmeOutcome<AcmeOrder>> FinalizeAsync(AcmeAccount account, string id, Pkcs10Request csr, string correlationId, CancellationToken cancellationToken)
    {
        if (await FindAsync(account, id, correlationId, cancellationToken) is not { } order)
        {
            return AcmeProblem.NotFound("order");
        }

        if (order.State != AcmeOrderState.Ready)
        {
            return new AcmeProblem(AcmeErrorType.OrderNotReady, $"The order is {WireName(order.State)}; only a ready one is finalized.");
        }

        return _names.CheckRequest(csr, order) is { } wrong
            ? new AcmeProblem(AcmeErrorType.BadCsr, $"The request is not this order's: {wrong}.")
            : await FinalizeAsync(account, order, csr, correlationId, cancellationToken);
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
        if (CheckNames([identifier], profile, key) is { } wrong)
        {
            return wrong;
        }

        var now = _time.GetUtcNow();
        var (authorization, isNew) = await AuthorizationForAsync(account, identifier, key, now, now + _options.OrderLifetime, cancellationToken);
        return isNew && await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.AddAcmeAuthorization(authorization)]), cancellationToken) is CommitOutcome.Conflict
            ? new AcmeProblem(AcmeErrorType.Unauthorized, "The account is not valid any more.")
            : authorization;
    }

    private static AcmeProblem Expired => new(AcmeErrorType.Malformed, "The order expired before it was finalized; place a new one.");

    private async ValueTask<AcmeOutcome<AcmeOrder>> FinalizeAsync(AcmeAccount account, AcmeOrder order, Pkcs10Request csr, string correlationId, CancellationToken cancellationToken)
    {
        // One signature for an order, however many ask at once; the store would refuse the second, but the token would have made it.
        if (!_finalizing.TryAdd(order.Id, 0))
        {
            return new AcmeProblem(AcmeErrorType.OrderNotReady, "The order is processing; ask for it again in a moment.", _options.RetryAfter);
        }

        try
        {
            if (await _queue.EnterAsync(account.Owner, cancellationToken) is not { } turn)
            {
                return new AcmeProblem(AcmeErrorType.RateLimited, "Too many orders of this owner wait to be signed; come back in a moment.", _options.RetryAfter);
            }

            using (turn)
            {
                if (await AuthorizationsAsync(order, cancellationToken) is not { } authorizations)
                {
                    return new AcmeProblem(AcmeErrorType.Unauthorized, "An authorization of this order has ended; place a new order.");
                }

                if (_profiles.Find(order.Profile) is { Names.Caa: true } && await CheckCaaAsync(account, authorizations, cancellationToken) is { } forbidden)
                {
                    return forbidden;
                }

                var keys = authorizations.SelectMany(a => AcmeFacts.Read(a.Facts)).Where(f => f.Name == AcmeFacts.KeySha256).Select(f => f.Value).Distinct(StringComparer.Ordinal).ToList();
                if (keys.Count > 1)
                {
                    // Otherwise one device would get a certificate that names another.
                    return new AcmeProblem(AcmeErrorType.Unauthorized, "The authorizations of this order attest different keys, and a certificate is for one; place an order for each device.");
                }

                var requester = new Requester.AcmeOrder(account, order) { Names = _names.NamesOf(order), AgentId = _names.AgentOf(order), KeySha256 = keys.FirstOrDefault() };
                var request = new EnrollmentRequest(csr, requester, ProfileLabel(order.Profile), EnrollmentKind.Enroll, Protocol, correlationId);
                return await _registration.EnrollAsync(request, cancellationToken) switch
                {
                    EnrollmentOutcome.Issued issued => order with { State = AcmeOrderState.Valid, Certificate = CertificateOf(issued.Certificate) },
                    EnrollmentOutcome.Pending => await ParkAsync(order, csr, cancellationToken),
                    EnrollmentOutcome.Rejected rejected => await RejectAsync(order, AcmeProblem.OfFinalization(rejected.Problem)),
                    var other => throw new InvalidOperationException(other.GetType().Name),
                };
            }
        }
        finally
        {
            _finalizing.TryRemove(order.Id, out _);
        }
    }

    private AcmeCertificate? CertificateOf(Certificate certificate) =>
        _issuers.FindIssuerOf(certificate) is { } issuer ? new AcmeCertificate(issuer.Name, certificate.SerialNumber.ToArray()) : null;

    private async ValueTask<AcmeOrder> ParkAsync(AcmeOrder order, Pkcs10Request csr, CancellationToken cancellationToken)
    {
        if (order.State == AcmeOrderState.Ready)
        {
            await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.ParkAcmeOrder(order.Id, csr.Der.ToArray())]), cancellationToken);
        }

        return order with { State = AcmeOrderState.Processing };
    }

    // RFC 8555 §7.4: a client whose request was wrong may send another; an order whose request lies here already can only end.
    private async ValueTask<AcmeOutcome<AcmeOrder>> RejectAsync(AcmeOrder order, AcmeProblem problem)
    {
        if (order.State == AcmeOrderState.Processing && problem.Type is not (AcmeErrorType.ServerInternal or AcmeErrorType.RateLimited))
        {
            await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.FailAcmeOrder(order.Id, problem.ToJson())]), CancellationToken.None);
        }

        return problem;
    }

    // Null when one is not good any more.
    private async ValueTask<List<AcmeAuthorization>?> AuthorizationsAsync(AcmeOrder order, CancellationToken cancellationToken)
    {
        // What was removed for its age was not proven any more, and an order without authorizations proves nothing.
        if (order.Authorizations.Count != order.Identifiers.Count)
        {
            return null;
        }

        var now = _time.GetUtcNow();
        var found = new List<AcmeAuthorization>(order.Authorizations.Count);
        foreach (var id in order.Authorizations)
        {
            if (await _store.FindAuthorizationAsync(id, cancellationToken) is not { State: AcmeAuthorizationState.Valid } authorization || authorization.Expires <= now)
            {
                return null;
            }

            found.Add(authorization);
        }

        return found;
    }

    // RFC 8659 §3: at the time of issuance, whenever the name was validated.
    private async ValueTask<AcmeProblem?> CheckCaaAsync(AcmeAccount account, List<AcmeAuthorization> authorizations, CancellationToken cancellationToken)
    {
        if (_caa is null)
        {
            return new AcmeProblem(AcmeErrorType.Caa, "The profile heeds CAA records, and nothing here can look them up; nothing was issued.");
        }

        foreach (var authorization in authorizations.Where(a => a.Identifier.Type == AcmeIdentifierTypes.Dns))
        {
            var result = await _caa.CheckAsync(authorization.Identifier, authorization.Wildcard, authorization.Challenge ?? "", _options.AccountUrl(account.Id), cancellationToken);
            if (result is ValidationResult.Invalid(var kind, var detail))
            {
                return new AcmeProblem(kind, detail);
            }
        }

        return null;
    }

    private AcmeProblem? CheckNames(IReadOnlyList<AcmeIdentifier> identifiers, CertificateProfile profile, AcmeExternalKey? key)
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
            if (why is null && !AcmeNames.IsGranted(identifier, key) && !_challenges.CanProve(identifier.ForAuthorization, identifier.IsWildcard))
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

    private async ValueTask<(AcmeAuthorization Authorization, bool IsNew)> AuthorizationForAsync(
        AcmeAccount account, AcmeIdentifier identifier, AcmeExternalKey? key, DateTimeOffset now, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var (name, wildcard) = (identifier.ForAuthorization, identifier.IsWildcard);
        // Not one that would end before the client has made its request, and not one that is for a single key: a renewal may bring another.
        if (await _store.FindValidAuthorizationAsync(account.Id, name, wildcard, now + TimeSpan.FromMinutes(1), cancellationToken) is { Facts: null } valid && name.Type != AcmeIdentifierTypes.PermanentIdentifier)
        {
            return (valid, false);
        }

        var granted = AcmeNames.IsGranted(identifier, key);
        return (new AcmeAuthorization(
            AcmeId.Create(now),
            account.Id,
            name,
            wildcard,
            granted ? AcmeAuthorizationState.Valid : AcmeAuthorizationState.Pending,
            granted ? now + _options.AuthorizationLifetime : expires,
            RandomNumberGenerator.GetBytes(SeedSize),
            null,
            null,
            null,
            granted ? now : null,
            null,
            null), true);
    }

    internal const string Protocol = "acme";

    private CertificateProfile? ProfileOf(string? name) =>
        (name is null ? _profiles.FindByLabel(null) : _profiles.FindByLabel(name) ?? _profiles.Find(name)) is { Use: ProfileUse.Agent, Authentication.Acme: true } profile ? profile : null;

    private string? ProfileLabel(string name) => _profiles.Find(name) is { Labels: [var label, ..] } ? label : null;
}
