using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Governance;

/// <summary>Somebody who is to administer.</summary>
/// <param name="Request">His PKCS#10, DER: signed with the key that his certificate will be for. Its names count for nothing.</param>
public sealed record NewAdministrator(string Name, ImmutableArray<AdminRole> Roles, ImmutableArray<string> Owners, ReadOnlyMemory<byte> Request);

/// <summary>A certificate that an administrator got, and its CA's chain.</summary>
public sealed record AdministratorCertificate(AdministratorRecord Administrator, Certificate Certificate, IReadOnlyList<Certificate> Chain);

/// <summary>Who administers. Each change is a ledger entry; who may make it is the caller's question.</summary>
public sealed class AdministratorService : IDisposable
{
    /// <summary>Officers that must remain: with one alone nothing that wants a second person could be done any more.</summary>
    public const int FewestOfficers = 2;

    private const string NoProfile = "this home has no profile with 'use: administrator': add the shipped one (docs/roles.md has it) and restart";

    private readonly IGovernanceStore _store;
    private readonly AdministratorAuthenticator _authenticator;
    private readonly ProfileCatalog _profiles;
    private readonly ApplianceEnrollment _enrollment;
    private readonly RevocationService _revocations;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly CryptoProviders _providers;
    private readonly TimeProvider _time;

    // What is decided of all administrators together is decided by one at a time.
    private readonly SemaphoreSlim _changing = new(1, 1);

    internal AdministratorService(
        IGovernanceStore store, AdministratorAuthenticator authenticator, ProfileCatalog profiles, ApplianceEnrollment enrollment, RevocationService revocations, CommitWriter commits, AuditTrail audit, CryptoProviders providers, TimeProvider time) =>
        (_store, _authenticator, _profiles, _enrollment, _revocations, _commits, _audit, _providers, _time) = (store, authenticator, profiles, enrollment, revocations, commits, audit, providers, time);

    public ValueTask<IReadOnlyList<AdministratorRecord>> ListAsync(CancellationToken cancellationToken) => _store.ListAdministratorsAsync(cancellationToken);

    public ValueTask<AdministratorRecord?> FindAsync(string name, CancellationToken cancellationToken) => _store.FindAdministratorAsync(name, cancellationToken);

    /// <summary>Why somebody could not be added; null: he can, as far as it is known now.</summary>
    public async ValueTask<PkiProblem?> WhyNotAddableAsync(NewAdministrator wanted, CancellationToken cancellationToken) =>
        WhyNotRoles(wanted.Roles, wanted.Owners)
        ?? (!AdministratorName.TryParse(wanted.Name, out var name) ? Malformed(AdministratorName.Rule)
            : await _store.FindAdministratorAsync(name.Text, cancellationToken) is not null ? new PkiProblem(PkiProblemKind.Conflict, $"an administrator named {name.Text} is there or was")
            : WhyNotRequest(wanted.Request, out _));

    /// <summary>Adds an administrator and issues his first certificate.</summary>
    public async ValueTask<Outcome<AdministratorCertificate>> AddAsync(NewAdministrator wanted, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var wrong = await WhyNotAddableAsync(wanted, cancellationToken);
            if (wrong is not null || !AdministratorName.TryParse(wanted.Name, out var name))
            {
                return await RefuseAsync(wrong ?? Malformed(AdministratorName.Rule), actor, correlationId, cancellationToken);
            }

            _ = WhyNotRequest(wanted.Request, out var csr);
            var now = _time.GetUtcNow();
            var key = Convert.ToHexStringLower(csr!.PublicKey.Fingerprint());
            var record = new AdministratorRecord(name.Text, [.. wanted.Roles.Distinct().Order()], [.. wanted.Owners.Distinct()], [key], AdministratorState.Active, now, now);
            var entry = new LedgerEntry(LedgerEntryKind.AdministratorAdded, now, actor, Details(record, key, correlationId));
            return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddAdministrator(record, name.Likeness)]), cancellationToken) is CommitOutcome.Conflict conflict
                ? await RefuseAsync(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), actor, correlationId, cancellationToken)
                : await IssueAsync(record, csr.PublicKey, actor, correlationId, cancellationToken);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Issues an administrator a certificate, for a key that is his or nobody's yet.</summary>
    public async ValueTask<Outcome<AdministratorCertificate>> IssueAsync(string name, ReadOnlyMemory<byte> request, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await WhyNotIssuableAsync(name, request, cancellationToken) is { } problem)
        {
            return await RefuseAsync(problem, actor, correlationId, cancellationToken);
        }

        _ = WhyNotRequest(request, out var csr);
        var now = _time.GetUtcNow();
        var key = Convert.ToHexStringLower(csr!.PublicKey.Fingerprint());
        if (await _store.FindAdministratorAsync(name, cancellationToken) is not { } administrator)
        {
            return await RefuseAsync(NoSuch(name), actor, correlationId, cancellationToken);
        }

        if (!administrator.Keys.Contains(key))
        {
            var entry = new LedgerEntry(LedgerEntryKind.AdministratorKeyBound, now, actor, AuditDetails.Of(
                (AuditDetails.Administrator, name), (AuditDetails.KeySha256, key), (AuditDetails.Correlation, correlationId)));
            if (await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.BindAdministratorKey(name, key, now)]), cancellationToken) is CommitOutcome.Conflict conflict)
            {
                return await RefuseAsync(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), actor, correlationId, cancellationToken);
            }
        }

        return await IssueAsync(administrator, csr.PublicKey, actor, correlationId, cancellationToken);
    }

    /// <summary>Why an administrator could not get a certificate for that request; null: he can.</summary>
    public async ValueTask<PkiProblem?> WhyNotIssuableAsync(string name, ReadOnlyMemory<byte> request, CancellationToken cancellationToken) =>
        await _store.FindAdministratorAsync(name, cancellationToken) is not { State: AdministratorState.Active } ? NoSuch(name)
        : WhyNotRequest(request, out var csr) is { } wrong ? wrong
        : await _store.FindAdministratorByKeyAsync(Convert.ToHexStringLower(csr!.PublicKey.Fingerprint()), cancellationToken) is { } owner && owner.Name != name ? new PkiProblem(PkiProblemKind.Conflict, ConflictReasons.AdministratorKeyTaken.TrimEnd('.'))
        : null;

    /// <summary>Gives an administrator other roles.</summary>
    public ValueTask<Outcome<AdministratorRecord>> SetRolesAsync(string name, ImmutableArray<AdminRole> roles, ImmutableArray<string> owners, string actor, string correlationId, CancellationToken cancellationToken) =>
        ChangeAsync(
            name,
            WhyNotRoles(roles, owners),
            roles.Contains(AdminRole.Officer),
            (known, now) => (
                LedgerEntryKind.AdministratorChanged,
                known with { Roles = [.. roles.Distinct().Order()], Owners = [.. owners.Distinct()], Changed = now },
                changed => new StoreChange.SetAdministratorRoles(name, changed.Roles, changed.Owners, now)),
            actor,
            correlationId,
            cancellationToken);

    /// <summary>Removes an administrator for good, and revokes his certificates.</summary>
    public async ValueTask<Outcome<AdministratorRecord>> RemoveAsync(string name, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var outcome = await ChangeAsync(
            name,
            null,
            staysOfficer: false,
            (known, now) => (LedgerEntryKind.AdministratorRemoved, known with { State = AdministratorState.Removed, Changed = now }, _ => new StoreChange.RemoveAdministrator(name, now)),
            actor,
            correlationId,
            cancellationToken);
        if (outcome is Outcome<AdministratorRecord>.Done(var removed))
        {
            // He is none any more, whatever becomes of this: for relying parties that take certificates of this CA.
            foreach (var certificate in await _authenticator.CertificatesOfAsync(removed, CancellationToken.None))
            {
                if (certificate.Status is CertificateStatus.Good && certificate.Certificate.NotAfter > _time.GetUtcNow())
                {
                    var target = new RevocationTarget.Serial(certificate.Certificate.Authority, certificate.Certificate.Serial);
                    await _revocations.RevokeAsync(new RevocationRequest(target, RevocationReason.CessationOfOperation, actor, "admin", correlationId, IncludeAppliance: true), CancellationToken.None);
                }
            }
        }

        return outcome;
    }

    /// <summary>
    /// Makes administrators without one: for a ceremony, and for whoever stands at the machine when nobody can log in any more. Whoever is an administrator already
    /// keeps his roles and gets a certificate. The caller holds the home's lock.
    /// </summary>
    /// <param name="alone">One officer is enough: development.</param>
    /// <param name="resumed">Those who are wanted may be there with the same keys, from a try before: for a ceremony, whose officers approved these requests.</param>
    public async ValueTask<Outcome<IReadOnlyList<AdministratorCertificate>>> BootstrapAsync(
        IReadOnlyList<NewAdministrator> wanted, bool alone, string actor, string correlationId, CancellationToken cancellationToken, bool resumed = false)
    {
        if (await WhyNotBootstrapAsync(wanted, alone, resumed, cancellationToken) is { } problem)
        {
            await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
            return new Outcome<IReadOnlyList<AdministratorCertificate>>.Refused(problem);
        }

        await _audit.RecordAsync(LedgerEntryKind.GovernanceBootstrapped, actor, AuditDetails.Of(
            (AuditDetails.Administrator, string.Join(", ", wanted.Select(w => w.Name))),
            (AuditDetails.Reason, "no administrator could log in"),
            (AuditDetails.Correlation, correlationId)), cancellationToken);
        var made = new List<AdministratorCertificate>();
        foreach (var one in wanted)
        {
            var outcome = await FindNamedAsync(one, cancellationToken) is { } known
                ? await IssueAsync(known.Name, one.Request, actor, correlationId, cancellationToken)
                : await AddAsync(one, actor, correlationId, cancellationToken);
            switch (outcome)
            {
                case Outcome<AdministratorCertificate>.Done(var certificate):
                    made.Add(certificate);
                    break;
                case Outcome<AdministratorCertificate>.Refused(var refused):
                    return new Outcome<IReadOnlyList<AdministratorCertificate>>.Refused(refused);
            }
        }

        return new Outcome<IReadOnlyList<AdministratorCertificate>>.Done(made);
    }

    public void Dispose() => _changing.Dispose();

    private async ValueTask<AdministratorRecord?> FindNamedAsync(NewAdministrator wanted, CancellationToken cancellationToken) =>
        AdministratorName.TryParse(wanted.Name, out var name) && await _store.FindAdministratorAsync(name.Text, cancellationToken) is { State: AdministratorState.Active } known ? known : null;

    private async ValueTask<PkiProblem?> WhyNotBootstrapAsync(IReadOnlyList<NewAdministrator> wanted, bool alone, bool resumed, CancellationToken cancellationToken)
    {
        foreach (var known in await _store.ListAdministratorsAsync(cancellationToken))
        {
            if (await _authenticator.CanLogInUntilAsync(known, cancellationToken) is { } until && !(resumed && IsWanted(known, wanted)))
            {
                return new PkiProblem(PkiProblemKind.Conflict, $"administrator {known.Name} can log in until {until:u}: a new one is added by administrators ('agentpki admin add')");
            }
        }

        var officers = 0;
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var likenesses = new HashSet<string>(StringComparer.Ordinal);
        foreach (var one in wanted)
        {
            var known = await FindNamedAsync(one, cancellationToken);
            if ((known is null ? await WhyNotAddableAsync(one, cancellationToken) : await WhyNotIssuableAsync(known.Name, one.Request, cancellationToken)) is { } wrong)
            {
                return wrong with { Detail = $"{one.Name}: {wrong.Detail}" };
            }

            officers += (known?.Roles ?? one.Roles).Contains(AdminRole.Officer) ? 1 : 0;
            _ = WhyNotRequest(one.Request, out var csr);
            if (!AdministratorName.TryParse(one.Name, out var name) || !likenesses.Add(name.Likeness) || !keys.Add(Convert.ToHexStringLower(csr!.PublicKey.Fingerprint())))
            {
                return new PkiProblem(PkiProblemKind.Conflict, $"{one.Name}: the names must not look alike, and each wants a key of his own");
            }
        }

        return officers < (alone ? 1 : FewestOfficers) ? Malformed($"at least {(alone ? "one officer is" : "two officers are")} wanted: what one asks for, another approves") : null;
    }

    private bool IsWanted(AdministratorRecord known, IReadOnlyList<NewAdministrator> wanted) =>
        wanted.Any(w => w.Name == known.Name && WhyNotRequest(w.Request, out var csr) is null && known.Keys.Contains(Convert.ToHexStringLower(csr!.PublicKey.Fingerprint())));

    private async ValueTask<Outcome<AdministratorRecord>> ChangeAsync(
        string name,
        PkiProblem? wrong,
        bool staysOfficer,
        Func<AdministratorRecord, DateTimeOffset, (LedgerEntryKind Kind, AdministratorRecord Changed, Func<AdministratorRecord, StoreChange> Change)> change,
        string actor,
        string correlationId,
        CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (wrong is not null)
            {
                return await RefuseChangeAsync(wrong, actor, correlationId, cancellationToken);
            }

            if (await _store.FindAdministratorAsync(name, cancellationToken) is not { State: AdministratorState.Active } known)
            {
                return await RefuseChangeAsync(NoSuch(name), actor, correlationId, cancellationToken);
            }

            var others = (await _store.ListAdministratorsAsync(cancellationToken)).Count(a => a.State == AdministratorState.Active && a.Name != name && a.Roles.Contains(AdminRole.Officer));
            if (known.Roles.Contains(AdminRole.Officer) && !staysOfficer && others < FewestOfficers)
            {
                return await RefuseChangeAsync(new PkiProblem(PkiProblemKind.Conflict, "two other officers must remain, or nobody could approve anything any more: add another officer first"), actor, correlationId, cancellationToken);
            }

            var (kind, changed, toChange) = change(known, _time.GetUtcNow());
            var entry = new LedgerEntry(kind, changed.Changed, actor, Details(changed, null, correlationId));
            return await _commits.CommitAsync(new CommitRequest(entry, [toChange(changed)]), cancellationToken) is CommitOutcome.Conflict conflict
                ? await RefuseChangeAsync(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), actor, correlationId, cancellationToken)
                : new Outcome<AdministratorRecord>.Done(changed);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async ValueTask<Outcome<AdministratorCertificate>> IssueAsync(AdministratorRecord administrator, PublicKey key, string actor, string correlationId, CancellationToken cancellationToken) =>
        Profile is { } profile
            ? await _enrollment.IssueAsync(profile, key, administrator.Name, [], actor, correlationId, cancellationToken) switch
            {
                Outcome<EnrollmentOutcome.Issued>.Done(var issued) => new Outcome<AdministratorCertificate>.Done(new AdministratorCertificate(administrator, issued.Certificate, issued.Chain)),
                Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => new Outcome<AdministratorCertificate>.Refused(problem),
                _ => throw new System.Diagnostics.UnreachableException(),
            }
            : await RefuseAsync(new PkiProblem(PkiProblemKind.UnknownProfile, NoProfile), actor, correlationId, cancellationToken);

    private CertificateProfile? Profile => _profiles.All.FirstOrDefault(p => p.Use == ProfileUse.Administrator);

    private PkiProblem? WhyNotRequest(ReadOnlyMemory<byte> der, out Pkcs10Request? csr)
    {
        csr = null;
        if (Profile is not { } profile)
        {
            return new PkiProblem(PkiProblemKind.UnknownProfile, NoProfile);
        }

        if (!Pkcs10Request.TryParse(der, out csr, out var error))
        {
            return Malformed($"the certificate request cannot be read: {error.Detail.TrimEnd('.')}");
        }

        return !profile.KeyAlgorithms.Contains(csr.PublicKey.Algorithm) ? new PkiProblem(PkiProblemKind.UnsupportedAlgorithm, $"profile '{profile.Name}' does not take {csr.PublicKey.Algorithm} keys; it takes {string.Join(", ", profile.Keys)}")
            : csr.VerifySignature(_providers) ? null
            : new PkiProblem(PkiProblemKind.BadProofOfPossession, "the certificate request's signature does not verify with its own public key");
    }

    private static PkiProblem? WhyNotRoles(ImmutableArray<AdminRole> roles, ImmutableArray<string> owners) =>
        roles.IsEmpty || !roles.All(r => Enum.IsDefined(r)) ? Malformed($"at least one role is wanted: {AdminRoles.Words(AdminRoles.All)}")
        : roles.Contains(AdminRole.Owner) == owners.IsEmpty ? Malformed("the role owner is bound to at least one owner's name, and other roles to none")
        : owners.Length > 64 || owners.Any(o => o.Length is 0 or > 128 || o.Any(char.IsControl)) ? Malformed("owners' names are 1 to 128 characters, at most 64 of them")
        : null;

    private static ImmutableSortedDictionary<string, string> Details(AdministratorRecord record, string? key, string correlationId) => AuditDetails.Of(
        (AuditDetails.Administrator, record.Name),
        (AuditDetails.Roles, AdminRoles.Words(record.Roles)),
        (AuditDetails.Owner, record.Owners.IsEmpty ? null : string.Join(", ", record.Owners)),
        (AuditDetails.KeySha256, key),
        (AuditDetails.Correlation, correlationId));

    private static PkiProblem Malformed(string detail) => new(PkiProblemKind.MalformedRequest, detail);

    private static PkiProblem NoSuch(string name) => new(PkiProblemKind.NotFound, $"there is no active administrator {name}");

    private async ValueTask<Outcome<AdministratorCertificate>> RefuseAsync(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<AdministratorCertificate>.Refused(problem);
    }

    private async ValueTask<Outcome<AdministratorRecord>> RefuseChangeAsync(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<AdministratorRecord>.Refused(problem);
    }
}
