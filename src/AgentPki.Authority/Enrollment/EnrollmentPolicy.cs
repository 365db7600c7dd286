using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Keys;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Enrollment;

/// <summary>Steps 2 to 8 of hop 3: from who asks and what to <see cref="ApprovedEnrollment"/>, parked, or refused.</summary>
internal sealed class EnrollmentPolicy(
    ProfileCatalog profiles,
    AgentNaming naming,
    IAgentStore agents,
    RegistryGate registry,
    ICertificateStore certificates,
    ApprovalService approvals,
    PossessionProof possession,
    CryptoProviders providers,
    SubjectKeyMaker keyMaker,
    ChildEnrollment children,
    IssuerDirectory issuers,
    CampaignDirectory campaigns,
    AuthorityOptions options,
    TimeProvider time)
{
    private readonly RelatedCertificateRules _related = new(certificates, issuers, providers, options, time);

    public async ValueTask<EnrollmentDecision> DecideAsync(EnrollmentRequest request, AuthenticatedRequester who, CancellationToken cancellationToken)
    {
        // 2. Which profile, and whether this requester may have it.
        var seats = who is AuthenticatedRequester.ByCertificate by ? await campaigns.SeatsOfAsync(by.Agent.Id, cancellationToken) : CampaignSeats.None;
        var profile = AccessRules.FindProfile(request, who, profiles, seats, out var problem);
        if (profile is null || problem is not null)
        {
            return new EnrollmentDecision.Refused(problem ?? new PkiProblem(PkiProblemKind.UnknownProfile, "there is no such profile"), profile?.Name);
        }

        // 3. What may be asked for at all: key algorithm, extensions.
        if (RequestRules.Check(request, profile, campaigns.Targets) is { } notForAnybody)
        {
            return new EnrollmentDecision.Refused(notForAnybody, profile.Name);
        }

        // 4. Proof of possession, always: the request's own signature, or the statement of a certificate's holder.
        (var signer, problem) = await possession.CheckAsync(request.Csr, cancellationToken);
        if (problem is not null)
        {
            return new EnrollmentDecision.Refused(problem, profile.Name);
        }

        // 5. The names: whose certificate it will be. A campaign may have given this agent another profile.
        var (seat, named, agent) = (new CampaignSeat(profile, null, null), (NamedRequest?)null, (AgentRecord?)null);
        var child = request.Kind == EnrollmentKind.Renew ? null : await children.FindChildAsync(request.Csr, who, cancellationToken);
        if (request.Kind == EnrollmentKind.Renew)
        {
            seat = seats.Resolve(profile);
            named = Name(request, who, seat, child, out problem);
        }
        else if ((named = Name(request, who, seat, child, out problem)) is not null)
        {
            seat = await SeatAsync(profile, who, named.AgentId, agent = child ?? await FindAgentAsync(who, named.AgentId, cancellationToken), cancellationToken);
            named = ReferenceEquals(seat.Profile, profile) ? named : Name(request, who, seat, child, out problem);
        }

        var decision = named is null
            ? new EnrollmentDecision.Refused(problem ?? new PkiProblem(PkiProblemKind.PolicyViolation, "the names are not allowed"), profile.Name)
            : await DecideAsync(request, who, signer, seat, named, child, agent ?? await FindAgentAsync(who, named.AgentId, cancellationToken), cancellationToken);
        return decision is EnrollmentDecision.Refused refused && who is not AuthenticatedRequester.Nobody ? refused with { Note = seat.NoteOf(refused.Problem, time.GetUtcNow()) } : decision;
    }

    private async ValueTask<EnrollmentDecision> DecideAsync(
        EnrollmentRequest request, AuthenticatedRequester who, CertificateRecord? signer, CampaignSeat seat, NamedRequest named, AgentRecord? child, AgentRecord? agent, CancellationToken cancellationToken)
    {
        // 6. The key: of the kind that this agent is to have, strong, and its own.
        var profile = seat.Profile;
        if (request.Kind != EnrollmentKind.ServerKeygen && RequestRules.CheckKey(request.Csr, profile, seat.Remark) is { } notForThisAgent)
        {
            return new EnrollmentDecision.Refused(notForThisAgent, profile.Name, named.AgentId);
        }

        if (who is AuthenticatedRequester.ByAcmeOrder { Order.KeySha256: { } attested } && !string.Equals(attested, Convert.ToHexString(request.Csr.PublicKey.Fingerprint()), StringComparison.OrdinalIgnoreCase))
        {
            return new EnrollmentDecision.Refused(new PkiProblem(PkiProblemKind.BadPublicKey, "the request's key is not the one that the device attested"), profile.Name, named.AgentId);
        }

        if (AlternativeKeyRules.Check(request.Csr, profile, request.Kind, providers) is { } wrongPair)
        {
            return new EnrollmentDecision.Refused(wrongPair, profile.Name, named.AgentId);
        }

        if (PossessionProof.CheckAgent(signer, named.AgentId) is { } foreign)
        {
            return new EnrollmentDecision.Refused(foreign, profile.Name, named.AgentId);
        }

        if (request.Kind != EnrollmentKind.ServerKeygen && await CheckKeyAsync(request.Csr.PublicKey, named.AgentId, cancellationToken) is { } badKey)
        {
            return new EnrollmentDecision.Refused(badKey, profile.Name, named.AgentId);
        }

        if (request.Csr.AlternativePublicKey is { } alternative && await CheckKeyAsync(alternative, named.AgentId, cancellationToken) is { } badAlternative)
        {
            return new EnrollmentDecision.Refused(badAlternative with { Detail = $"the alternative key: {badAlternative.Detail}" }, profile.Name, named.AgentId);
        }

        // 7. The agent: active, and the requester's to ask for; what the registry lets it be; a child with the grant that made it.
        var (grant, notGranted) = child is null ? (null, null) : await children.CheckAsync(child, request.Csr.PublicKey, cancellationToken);
        if (notGranted is not null)
        {
            return new EnrollmentDecision.Refused(notGranted, profile.Name, named.AgentId);
        }

        if (AccessRules.CheckAgent(who, named.AgentId, agent, profile, grant is not null) is { } notAllowed)
        {
            return new EnrollmentDecision.Refused(notAllowed, profile.Name, named.AgentId);
        }

        if (await registry.WhyNotAsync(who, named.AgentId, agent, profile, cancellationToken) is { } notRegistered)
        {
            return new EnrollmentDecision.Refused(notRegistered, profile.Name, named.AgentId);
        }

        // Only for whom the certificate may be: what is said of another certificate is not said to just anybody.
        var (related, notRelated) = await _related.CheckAsync(request.Csr, profile, request.Kind, named, cancellationToken);
        if (notRelated is not null)
        {
            return new EnrollmentDecision.Refused(notRelated, profile.Name, named.AgentId);
        }

        // 8. A person's yes, where the profile wants one.
        ApprovalRecord? approval = null;
        if (profile.Authentication.Approval == ApprovalRule.Always || (profile.Authentication.Approval == ApprovalRule.Enrollment && request.Kind != EnrollmentKind.Renew))
        {
            (approval, var waiting) = await ApproveAsync(request, who, profile, named, cancellationToken);
            if (waiting is not null)
            {
                return waiting;
            }
        }

        return await CompleteAsync(request, who, seat, named, agent, grant, approval, related, RestsOn(who, signer, related), cancellationToken);
    }

    // Checked now, and once more in the commit: while the token signs, each of them may be revoked.
    private List<StoreChange.RequireGood> RestsOn(AuthenticatedRequester who, CertificateRecord? signer, Certificate? related)
    {
        var certificates = new[] { (who as AuthenticatedRequester.ByCertificate)?.Stored, signer }.OfType<CertificateRecord>().Select(c => (c.Authority, c.Serial));
        var relatedIssuer = related is null ? null : issuers.FindIssuerOf(related);
        return [.. (related is null || relatedIssuer is null ? certificates : certificates.Append((relatedIssuer.Name, related.SerialNumber.ToArray()))).Select(c => new StoreChange.RequireGood(c.Item1, c.Item2))];
    }

    // What a campaign makes of the profile: for a known agent by its place, for a new one by its owner.
    private async ValueTask<CampaignSeat> SeatAsync(CertificateProfile profile, AuthenticatedRequester who, string agentId, AgentRecord? agent, CancellationToken cancellationToken)
    {
        if (campaigns.InForce.IsEmpty)
        {
            return new CampaignSeat(profile, null, null);
        }

        return agent is null
            ? new CampaignSeat(who.Owner is { } owner ? campaigns.ForNewcomer(profile, owner, agentId) : profile, null, null)
            : (await campaigns.SeatsOfAsync(agentId, cancellationToken)).Resolve(profile);
    }

    private async ValueTask<EnrollmentDecision> CompleteAsync(
        EnrollmentRequest request, AuthenticatedRequester who, CampaignSeat seat, NamedRequest named, AgentRecord? agent, byte[]? grant, ApprovalRecord? approval, Certificate? related, IReadOnlyList<StoreChange.RequireGood> restsOn,
        CancellationToken cancellationToken)
    {
        var profile = seat.Profile;
        // Whoever did not authenticate belongs to the person who approved it.
        var owner = who.Owner ?? approval?.DecidedBy;
        if (owner is null)
        {
            return new EnrollmentDecision.Refused(new PkiProblem(PkiProblemKind.Unauthenticated, "nobody answers for this request"), profile.Name, named.AgentId);
        }

        if (AgentRules.WhyNotIssuable(agent, owner) is { } reason)
        {
            return new EnrollmentDecision.Refused(new PkiProblem(PkiProblemKind.Unauthorized, reason), profile.Name, named.AgentId);
        }

        // What it may do, and what everybody above it may, as it is registered now.
        var parent = who is AuthenticatedRequester.ByCertificate spawning && spawning.Agent.Id != named.AgentId ? spawning.Agent : null;
        var line = agent is not null ? await AgentLine.ReadAsync(agent, agents, cancellationToken) : parent is not null ? await AgentLine.OfChildOfAsync(parent, named.AgentId, agents, cancellationToken) : AgentLine.OfStranger(named.AgentId);
        if (!line.TryMeet(out var bounds, out var formless))
        {
            return new EnrollmentDecision.Refused(new PkiProblem(PkiProblemKind.PolicyViolation, formless), profile.Name, named.AgentId);
        }

        var made = request.Kind == EnrollmentKind.ServerKeygen ? await keyMaker.MakeAsync(SubjectKeyMaker.KindFor(request.Csr, profile), cancellationToken) : null;
        return new EnrollmentDecision.Approved(
            new ApprovedEnrollment(
                profile,
                named.Subject,
                named.Names,
                made?.PublicKey ?? request.Csr.PublicKey,
                new ApprovedAgent(named.AgentId, owner, parent?.Id),
                who.Actor,
                (who as AuthenticatedRequester.ByCredential)?.Credential.Name,
                approval?.Id,
                request.Kind == EnrollmentKind.Renew ? (who as AuthenticatedRequester.ByCertificate)?.Certificate.SerialHex : null,
                request.Protocol,
                request.CorrelationId)
            {
                AlternativePublicKey = request.Csr.AlternativePublicKey,
                Campaign = seat.StepAt(time.GetUtcNow()),
                RelatedCertificate = related,
                RestsOn = restsOn,
                Policy = bounds,
                PoliciesRead = line.Conditions,
                Grant = grant,
                AcmeOrder = (who as AuthenticatedRequester.ByAcmeOrder)?.Order.Order.Id,
                Lifetime = (who as AuthenticatedRequester.ByEntry)?.Entry.Lifetime,
            },
            made?.Pkcs8);
    }

    private NamedRequest? Name(EnrollmentRequest request, AuthenticatedRequester who, CampaignSeat seat, AgentRecord? child, out PkiProblem? problem)
    {
        problem = null;
        var profile = seat.Profile;
        if (request.Kind == EnrollmentKind.Renew && who is AuthenticatedRequester.ByCertificate by)
        {
            problem = RenewalRules.Check(request.Csr, by, seat, time.GetUtcNow());
            var kept = problem is null ? RenewalRules.NamesOf(request.Csr, by.Certificate) : [];
            // A profile that was narrowed since applies to renewals too.
            var others = kept.Where(n => n is not GeneralName.Uri(var uri) || !SpiffeId.HasScheme(uri)).ToList();
            if (problem is null && NameRules.Check(others, kept.Count - others.Count, profile.Names) is { } notAnyMore)
            {
                problem = new PkiProblem(PkiProblemKind.PolicyViolation, notAnyMore);
            }

            return problem is null ? new NamedRequest(by.Agent.Id, by.Certificate.Subject, kept) : null;
        }

        if (issuers.FindBySubject(request.Csr.Subject) is not null)
        {
            problem = new PkiProblem(PkiProblemKind.PolicyViolation, "the subject is the name of a certification authority");
            return null;
        }

        if (who is AuthenticatedRequester.ByAcmeOrder(var order))
        {
            return NamedRequest.OfOrder(request.Csr, profile, order, out problem);
        }

        return NamedRequest.Of(request.Csr, profile, naming, child is { } known ? SpiffeId.Parse(known.Id).Path : (who as AuthenticatedRequester.ByCredential)?.Credential.SubjectPattern, out problem);
    }

    private async ValueTask<PkiProblem?> CheckKeyAsync(PublicKey key, string agentId, CancellationToken cancellationToken)
    {
        if (KeyHygiene.Check(key, options.KnownKeys) is { } weak)
        {
            return new PkiProblem(PkiProblemKind.BadPublicKey, $"{weak} Make a new key.");
        }

        // Two requests at one moment with one key for two agents: both pass here, and the commit lets one of them through.
        if (key.TryGetHalves(out var mlDsa, out var traditional)
            && (IsTaken(await certificates.FindKeyAsync(mlDsa.Fingerprint(), cancellationToken)) || IsTaken(await certificates.FindKeyAsync(traditional.Fingerprint(), cancellationToken))))
        {
            return new PkiProblem(PkiProblemKind.BadPublicKey, "half of the composite key has a certificate of its own: the halves of a composite are used nowhere else (draft-ietf-lamps-pq-composite-sigs-19 §3.1); make a new key");
        }

        if (await certificates.IsCompositeHalfAsync(key.Fingerprint(), cancellationToken))
        {
            return new PkiProblem(PkiProblemKind.BadPublicKey, "the public key is half of a composite key that has a certificate, and is used nowhere else (draft-ietf-lamps-pq-composite-sigs-19 §3.1); make a new key");
        }

        return await certificates.FindKeyAsync(key.Fingerprint(), cancellationToken) switch
        {
            { Blocked: { } reason } => new PkiProblem(PkiProblemKind.BadPublicKey, $"the public key is not certified again: a certificate over it was revoked ({reason}); make a new key"),
            { AgentId: { } owner } when owner != agentId => new PkiProblem(PkiProblemKind.BadPublicKey, "the public key belongs to another agent: every agent has keys of its own; make a new key"),
            _ => null,
        };
    }

    private static bool IsTaken(KeyBinding? half) => half is { AgentId: not null } or { Blocked: not null };

    private ValueTask<AgentRecord?> FindAgentAsync(AuthenticatedRequester who, string agentId, CancellationToken cancellationToken) =>
        who is AuthenticatedRequester.ByCertificate by && by.Agent.Id == agentId ? new(by.Agent) : agents.FindAsync(agentId, cancellationToken);

    private async ValueTask<(ApprovalRecord? Approved, EnrollmentDecision? Waiting)> ApproveAsync(
        EnrollmentRequest request, AuthenticatedRequester who, CertificateProfile profile, NamedRequest named, CancellationToken cancellationToken)
    {
        var hash = ApprovalService.HashRequest(profile.Name, who.Actor, request.Csr.Der.Span);
        var record = await approvals.FindParkedAsync(hash, cancellationToken);
        if (record is null)
        {
            switch (await approvals.ParkAsync(request, hash, profile.Name, who.Actor, named.Summary(new KeyKind(request.Csr.PublicKey.Algorithm, request.Csr.AlternativePublicKey?.Algorithm)), cancellationToken))
            {
                case Outcome<ApprovalRecord>.Refused(var full):
                    return (null, new EnrollmentDecision.Refused(full, profile.Name, named.AgentId));
                case Outcome<ApprovalRecord>.Done(var parked):
                    record = parked;
                    break;
            }
        }

        return record switch
        {
            { State: ApprovalState.Approved } => (record, null),
            { State: ApprovalState.Pending } => (null, new EnrollmentDecision.Parked(record.Id)),
            { State: ApprovalState.Denied } => (null, Refused(PkiProblemKind.ApprovalDenied, "a person denied this request")),
            { State: ApprovalState.Issued } => (null, Refused(PkiProblemKind.Conflict, "this request was answered with a certificate already; make a new request")),
            _ => (null, Refused(PkiProblemKind.ApprovalDenied, "nobody decided this request in time; make a new request")),
        };

        EnrollmentDecision.Refused Refused(PkiProblemKind kind, string detail) => new(new PkiProblem(kind, detail), profile.Name, named.AgentId);
    }
}
