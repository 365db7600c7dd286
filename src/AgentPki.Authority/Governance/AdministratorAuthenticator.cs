using AgentPki.Authority.Audit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Governance;

/// <summary>
/// Who an administrator's certificate is: issued by this appliance for administrators, good now, over a key that is an active administrator's. Read from the store
/// on every call: what was revoked or removed a moment ago does nothing any more.
/// </summary>
public sealed class AdministratorAuthenticator
{
    /// <summary>Refusals of known certificates that become entries of their own, a minute; further ones are counted like strangers', for nobody buys storage by knocking.</summary>
    private const int RecordedRefusals = 60;

    private readonly IGovernanceStore _store;
    private readonly ICertificateStore _certificates;
    private readonly IssuerDirectory _issuers;
    private readonly ProfileCatalog _profiles;
    private readonly TimeProvider _time;
    private readonly Lock _counting = new();
    private (long Minute, int Refusals) _recorded;

    internal AdministratorAuthenticator(IGovernanceStore store, ICertificateStore certificates, IssuerDirectory issuers, ProfileCatalog profiles, TimeProvider time) =>
        (_store, _certificates, _issuers, _profiles, _time) = (store, certificates, issuers, profiles, time);

    /// <summary>The administrator whose certificate the connection showed, or why it is nobody's that may call.</summary>
    public async ValueTask<AdminIdentification> AuthenticateAsync(Certificate certificate, CancellationToken cancellationToken)
    {
        // Ours is what the store has, octet by octet.
        if (_issuers.FindIssuerOf(certificate) is not { } issuer
            || await _certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) is not { } stored
            || !certificate.Der.Span.SequenceEqual(stored.Certificate.Der))
        {
            return new AdminIdentification.Unknown(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "the client certificate was not issued by this appliance"));
        }

        var key = Convert.ToHexStringLower(stored.Certificate.KeyFingerprint);
        var credential = new AdminCredential(key, issuer.Name, Convert.ToHexStringLower(stored.Certificate.Serial));
        if (!IsForAdministrators(stored.Certificate))
        {
            return Refuse(stored.Certificate.AgentId is { } agent ? $"agent:{agent}" : $"certificate:{credential.Authority}/{credential.Serial}", "the client certificate is not an administrator's");
        }

        if (await _store.FindAdministratorByKeyAsync(key, cancellationToken) is not { } administrator)
        {
            return Refuse($"certificate:{credential.Authority}/{credential.Serial}", "the key of the client certificate is no administrator's");
        }

        var actor = Actors.Administrator(administrator.Name);
        var now = _time.GetUtcNow();
        if (administrator.State != AdministratorState.Active)
        {
            return Refuse(actor, $"administrator {administrator.Name} was removed");
        }

        if (stored.Status is CertificateStatus.Revoked { Reason: var reason })
        {
            return Refuse(actor, reason == RevocationReason.CertificateHold ? "the client certificate is held" : "the client certificate is revoked");
        }

        if (!certificate.IsValidAt(now))
        {
            return Refuse(actor, $"the client certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}: ask for a new one ('agentpki admin request {administrator.Name}')");
        }

        return await _issuers.WhyNotUsableAsync(issuer, now, cancellationToken) is { } unusable
            ? Refuse(actor, unusable)
            : new AdminIdentification.Known(AdminCaller.Of(administrator.Name, administrator.Roles, administrator.Owners, credential));
    }

    /// <summary>The same person now, as far as he may still do anything: active, with the key, and the certificate he was known by not revoked (it may have ended).</summary>
    /// <returns>The problem, or the caller with the roles that he has now.</returns>
    public async ValueTask<Outcome<AdminCaller>> RefreshAsync(AdminPerson person, CancellationToken cancellationToken)
    {
        if (person.Credential is not { } credential)
        {
            return Gone($"{person.Name} was known by the socket alone");
        }

        if (await _store.FindAdministratorAsync(person.Name, cancellationToken) is not { State: AdministratorState.Active } administrator || !administrator.Keys.Contains(credential.Key))
        {
            return Gone($"{person.Name} is no administrator any more");
        }

        return await _certificates.FindStatusAsync(credential.Authority, Convert.FromHexString(credential.Serial), cancellationToken) is CertificateStatus.Good
            ? new Outcome<AdminCaller>.Done(AdminCaller.Of(administrator.Name, administrator.Roles, administrator.Owners, credential))
            : Gone($"the certificate by which {person.Name} was known is revoked or held");
    }

    /// <summary>Until when an administrator can log in as things are; null: he cannot.</summary>
    public async ValueTask<DateTimeOffset?> CanLogInUntilAsync(AdministratorRecord administrator, CancellationToken cancellationToken)
    {
        if (administrator.State != AdministratorState.Active)
        {
            return null;
        }

        var now = _time.GetUtcNow();
        DateTimeOffset? until = null;
        foreach (var stored in await CertificatesOfAsync(administrator, cancellationToken))
        {
            var record = stored.Certificate;
            if (stored.Status is CertificateStatus.Good && record.NotBefore <= now && record.NotAfter >= now && (until is null || record.NotAfter > until)
                && _issuers.Find(record.Authority) is { } issuer && await _issuers.WhyNotUsableAsync(issuer, now, cancellationToken) is null)
            {
                until = record.NotAfter;
            }
        }

        return until;
    }

    /// <summary>The certificates an administrator got, newest first.</summary>
    public async ValueTask<IReadOnlyList<StoredCertificate>> CertificatesOfAsync(AdministratorRecord administrator, CancellationToken cancellationToken)
    {
        var found = new List<StoredCertificate>();
        foreach (var key in administrator.Keys)
        {
            found.AddRange((await _certificates.ListByKeyAsync(Convert.FromHexString(key), 100, cancellationToken)).Where(c => IsForAdministrators(c.Certificate)));
        }

        return [.. found.OrderByDescending(c => c.Certificate.Issued)];
    }

    private bool IsForAdministrators(CertificateRecord certificate) => certificate.AgentId is null && _profiles.Find(certificate.Profile) is { Use: ProfileUse.Administrator };

    private static Outcome<AdminCaller> Gone(string why) => new Outcome<AdminCaller>.Refused(new PkiProblem(PkiProblemKind.Unauthorized, why));

    private AdminIdentification Refuse(string actor, string detail) =>
        new AdminIdentification.Unknown(MayRecord() ? actor : AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, detail));

    private bool MayRecord()
    {
        var minute = _time.GetTimestamp() / (_time.TimestampFrequency * 60);
        lock (_counting)
        {
            _recorded = _recorded.Minute == minute ? (minute, _recorded.Refusals + 1) : (minute, 1);
            return _recorded.Refusals <= RecordedRefusals;
        }
    }
}
