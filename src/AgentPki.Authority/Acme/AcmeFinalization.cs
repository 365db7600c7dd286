using System.Collections.Concurrent;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Acme;

/// <summary>From an order whose names are proven, and its request, to the certificate: one signature for an order, each in its owner's turn.</summary>
internal sealed class AcmeFinalization(
    AcmeNames names,
    RegistrationAuthority registration,
    IssuerDirectory issuers,
    ProfileCatalog profiles,
    ICaaChecker? caa,
    IAcmeStore store,
    CommitWriter commits,
    AuditTrail audit,
    AuthorityOptions options,
    TimeProvider time)
{
    private readonly ConcurrentDictionary<string, byte> _underWay = new(StringComparer.Ordinal);
    private readonly OwnerQueue _queue = new(options.Acme.ConcurrentFinalizations, options.Acme.WaitingFinalizations);

    /// <summary>Whether the order is being signed in this moment.</summary>
    public bool IsUnderWay(string orderId) => _underWay.ContainsKey(orderId);

    /// <summary>Issues for an order that is ready, or that waited for a person (processing).</summary>
    /// <returns>The order as it is then.</returns>
    public async ValueTask<AcmeOutcome<AcmeOrder>> RunAsync(AcmeCaller caller, AcmeOrder order, Pkcs10Request csr, CancellationToken cancellationToken)
    {
        // One signature for an order, however many ask at once; the store would refuse the second, but the token would have made it.
        if (!_underWay.TryAdd(order.Id, 0))
        {
            return new AcmeProblem(AcmeErrorType.OrderNotReady, "The order is processing; ask for it again in a moment.", options.Acme.RetryAfter);
        }

        try
        {
            if (await _queue.EnterAsync(caller.Account.Owner, cancellationToken) is not { } turn)
            {
                return new AcmeProblem(AcmeErrorType.RateLimited, "Too many orders of this owner wait to be signed; come back in a moment.", options.Acme.RetryAfter);
            }

            using (turn)
            {
                // Read again: another request may have had its turn since, or an authorization been given up.
                if (await store.FindOrderAsync(order.Id, cancellationToken) is not { } current)
                {
                    return AcmeProblem.NotFound("order");
                }

                if (current.State != order.State)
                {
                    return new AcmeProblem(AcmeErrorType.OrderNotReady, $"The order is {AcmeOrders.WireName(current.State)}; only a ready one is finalized.");
                }

                var outcome = await IssueAsync(caller, current, csr, cancellationToken);
                return outcome is AcmeOutcome<AcmeOrder>.Refused(var problem) ? await RejectAsync(caller, current, problem) : outcome;
            }
        }
        finally
        {
            _underWay.TryRemove(order.Id, out _);
        }
    }

    private async ValueTask<AcmeOutcome<AcmeOrder>> IssueAsync(AcmeCaller caller, AcmeOrder order, Pkcs10Request csr, CancellationToken cancellationToken)
    {
        // 1. Every name is still the account's.
        var now = time.GetUtcNow();
        if (order.State == AcmeOrderState.Processing && order.Expires + options.ApprovalLifetime <= now)
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, "The order waited longer than requests wait here; place a new order.");
        }

        if (await AuthorizationsAsync(order, now, cancellationToken) is not { } authorizations)
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, "An authorization of this order has ended; place a new order.");
        }

        if (authorizations.Any(a => a.IsGranted) && (caller.Account.ExternalKey is not { } id || await store.FindExternalKeyAsync(id, cancellationToken) is not { Revoked: null }))
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, "The external account key that gave this order its SPIFFE ID is revoked; ask the operator for another.");
        }

        // 2. RFC 8659 §3: at the time of issuance, whenever the name was validated.
        if (profiles.Find(order.Profile) is { Names.Caa: true } && await CheckCaaAsync(caller, authorizations, cancellationToken) is { } forbidden)
        {
            return forbidden;
        }

        // 3. The key, where devices attested one.
        var keys = authorizations.SelectMany(a => AcmeFacts.Read(a.Facts)).Where(f => f.Name == AcmeFacts.KeySha256).Select(f => f.Value).Distinct(StringComparer.Ordinal).ToList();
        if (keys.Count > 1)
        {
            // Otherwise one device would get a certificate that names another.
            return new AcmeProblem(AcmeErrorType.Unauthorized, "The authorizations of this order attest different keys, and a certificate is for one; place an order for each device.");
        }

        // 4. Hops 3 to 5.
        var requester = new Requester.AcmeOrder(caller.Account, order) { Names = names.NamesOf(order), AgentId = names.AgentOf(order), KeySha256 = keys.FirstOrDefault() };
        var request = new EnrollmentRequest(csr, requester, profiles.Find(order.Profile) is { Labels: [var label, ..] } ? label : null, EnrollmentKind.Enroll, AcmeOrders.Protocol, caller.CorrelationId);
        return await registration.EnrollAsync(request, cancellationToken) switch
        {
            EnrollmentOutcome.Issued issued => order with { State = AcmeOrderState.Valid, Certificate = CertificateOf(issued.Certificate) },
            EnrollmentOutcome.Pending => await ParkAsync(order, csr, cancellationToken),
            EnrollmentOutcome.Rejected rejected => AcmeProblem.OfFinalization(rejected.Problem),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private AcmeCertificate? CertificateOf(Certificate certificate) =>
        issuers.FindIssuerOf(certificate) is { } issuer ? new AcmeCertificate(issuer.Name, certificate.SerialNumber.ToArray()) : null;

    private async ValueTask<AcmeOutcome<AcmeOrder>> ParkAsync(AcmeOrder order, Pkcs10Request csr, CancellationToken cancellationToken) =>
        order.State == AcmeOrderState.Ready && await commits.CommitAsync(new CommitRequest(null, [new StoreChange.ParkAcmeOrder(order.Id, csr.Der.ToArray())]), cancellationToken) is CommitOutcome.Conflict
            ? new AcmeProblem(AcmeErrorType.OrderNotReady, "The order ended while it was finalized; place a new one.")
            : order with { State = AcmeOrderState.Processing };

    // RFC 8555 §7.4: a client whose request was wrong may send another; an order whose request lies here already can only end.
    private async ValueTask<AcmeOutcome<AcmeOrder>> RejectAsync(AcmeCaller caller, AcmeOrder order, AcmeProblem problem)
    {
        if (order.State == AcmeOrderState.Processing && IsFinal(problem))
        {
            var end = new StoreChange.FailAcmeOrder(order.Id, problem.ToJson());
            if (problem.IsRecorded)
            {
                await commits.CommitAsync(new CommitRequest(null, [end]), CancellationToken.None);
            }
            else
            {
                await audit.RefuseAsync(new Refusal(AcmeAccounts.ActorOf(caller.Account), problem.ToPkiProblem(), AcmeOrders.Protocol, caller.CorrelationId, order.Profile) { Note = end }, CancellationToken.None);
            }
        }

        return problem;
    }

    // Trouble of ours, of name servers and with records that somebody can correct ends no order for which a person has said yes: the next look tries again.
    private static bool IsFinal(AcmeProblem problem) => problem.Type is not (AcmeErrorType.ServerInternal or AcmeErrorType.RateLimited or AcmeErrorType.Dns or AcmeErrorType.Connection or AcmeErrorType.Caa);

    // Null when one is not good any more. What waits for a person was proven when it was parked: no time ends it, its account's giving it up does.
    private async ValueTask<List<AcmeAuthorization>?> AuthorizationsAsync(AcmeOrder order, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // What was removed for its age was not proven any more, and an order without authorizations proves nothing.
        if (order.Authorizations.Count != order.Identifiers.Count)
        {
            return null;
        }

        var found = new List<AcmeAuthorization>(order.Authorizations.Count);
        foreach (var id in order.Authorizations)
        {
            if (await store.FindAuthorizationAsync(id, cancellationToken) is not { State: AcmeAuthorizationState.Valid } authorization
                || (order.State != AcmeOrderState.Processing && authorization.Expires <= now))
            {
                return null;
            }

            found.Add(authorization);
        }

        return found;
    }

    private async ValueTask<AcmeProblem?> CheckCaaAsync(AcmeCaller caller, List<AcmeAuthorization> authorizations, CancellationToken cancellationToken)
    {
        if (caa is null)
        {
            return new AcmeProblem(AcmeErrorType.Caa, "The profile heeds CAA records, and nothing here can look them up; nothing was issued.");
        }

        foreach (var authorization in authorizations.Where(a => a.Identifier.Type == AcmeIdentifierTypes.Dns))
        {
            var result = await caa.CheckAsync(authorization.Identifier, authorization.Wildcard, authorization.Challenge ?? "", caller.Url, cancellationToken);
            if (result is ValidationResult.Invalid(var kind, var detail))
            {
                return new AcmeProblem(kind, detail);
            }
        }

        return null;
    }
}
