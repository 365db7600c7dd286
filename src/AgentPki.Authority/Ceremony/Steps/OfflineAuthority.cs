using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>The parts of an authority that ceremonies use, over an open home: nothing runs in the background, nothing is served.</summary>
internal sealed class OfflineAuthority : IAsyncDisposable
{
    // By how much relying parties' clocks may be behind.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    private readonly AuthorityEnvironment _environment;
    private readonly AuthorityMetrics _metrics = new();
    private IssuerDirectory? _issuers;
    private AuditTrail? _audit;
    private SuccessionService? _successions;
    private OcspResponderKeeper? _responders;

    private OfflineAuthority(AuthorityEnvironment environment, RevocationClock clock)
    {
        _environment = environment;
        Clock = clock;
        Commits = new CommitWriter(environment.Stores.Commits, environment.Options.Commit, clock, _metrics, environment.Logger<CommitWriter>());
        Keys = new KeyMaker(environment.Providers, environment.Options.KeyPlacement, Commits, environment.Time);
        Maker = new AuthorityMaker(environment.Providers, environment.Options, Commits, environment.Time);
    }

    public RevocationClock Clock { get; }

    public CommitWriter Commits { get; }

    public KeyMaker Keys { get; }

    public AuthorityMaker Maker { get; }

    public static async ValueTask<OfflineAuthority> OpenAsync(AuthorityEnvironment environment, CancellationToken cancellationToken)
    {
        environment.Options.Validate();
        return new OfflineAuthority(environment, new RevocationClock(await environment.Stores.Certificates.RevocationEpochAsync(cancellationToken)));
    }

    /// <summary>The CAs of the home.</summary>
    public async ValueTask<IssuerDirectory> IssuersAsync(CancellationToken cancellationToken) => _issuers ??=
        await IssuerDirectory.LoadAsync(_environment.Stores.Authorities, _environment.Stores.Certificates, _environment.Providers, _environment.Options, Clock, cancellationToken);

    /// <summary>What gives CAs successors.</summary>
    public async ValueTask<SuccessionService> SuccessionsAsync(CancellationToken cancellationToken) => _successions ??= new SuccessionService(
        await IssuersAsync(cancellationToken), _environment.Profiles, Keys, _environment.Providers, Commits, Audit, _environment.Options, _environment.Time, _environment.Logger<SuccessionService>());

    /// <summary>What makes OCSP responders.</summary>
    public async ValueTask<OcspResponderKeeper> RespondersAsync(CancellationToken cancellationToken)
    {
        if (_responders is null)
        {
            var (issuers, options, time) = (await IssuersAsync(cancellationToken), _environment.Options, _environment.Time);
            var authority = new CertificateAuthority(issuers, Commits, options, _metrics, time, _environment.Logger<CertificateAuthority>());
            _responders = new OcspResponderKeeper(
                _environment.Profiles, issuers, _environment.Stores.Certificates, new ApplianceEnrollment(_environment.Profiles, authority, issuers, Audit), Keys, _environment.Providers, Clock, options, time, _environment.Logger<OcspResponderKeeper>());
        }

        return _responders;
    }

    private AuditTrail Audit => _audit ??= new AuditTrail(Commits, _environment.Options.RefusalInterval, _environment.Time, _metrics, _environment.Logger<AuditTrail>());

    /// <summary>The CA of that name.</summary>
    /// <exception cref="CeremonyException">There is none.</exception>
    public async ValueTask<Issuer> IssuerAsync(string name, CancellationToken cancellationToken)
    {
        var issuers = await IssuersAsync(cancellationToken);
        return issuers.Find(name) ?? throw new CeremonyException($"There is no CA '{name}' here; there are: {string.Join(", ", issuers.All.Select(i => i.Name))}.");
    }

    /// <summary>A CA's record, or null.</summary>
    public async ValueTask<AuthorityRecord?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await _environment.Stores.Authorities.ListAsync(cancellationToken)).FirstOrDefault(a => a.Name == name);

    /// <summary>Has a CA here certify another CA's key, for what stays of its own time; in the store and in the ledger when it returns.</summary>
    /// <param name="what">What is certified, as its record calls it.</param>
    /// <exception cref="CeremonyException">The certificate would not be in order; nothing was signed.</exception>
    public async ValueTask<Certificate> CertifyAsync(
        Issuer issuer, X500Name subject, PublicKey key, DateTimeOffset notAfter, IReadOnlyList<X509Extension> extensions, CertificatePosition position, string what, string actor, CancellationToken cancellationToken)
    {
        var notBefore = DateTimeOffset.FromUnixTimeSeconds(_environment.Time.GetUtcNow().ToUnixTimeSeconds()) - ClockTolerance;
        notAfter = notAfter < issuer.Certificate.NotAfter ? notAfter : issuer.Certificate.NotAfter;
        var draft = new CertificateDraft(SerialNumber.Create(_environment.Options.Epoch), issuer.Signature, subject, key, notBefore, notAfter, extensions, position, notAfter - notBefore + TimeSpan.FromSeconds(1));
        var (certificate, findings) = await issuer.SignAsync(draft, cancellationToken);
        if (certificate is null)
        {
            throw new CeremonyException($"The certificate would not be in order: {string.Join("; ", findings.Where(f => f.Severity == LintSeverity.Error))}. Nothing was signed.");
        }

        await RecordIssuedAsync(issuer, certificate, what, actor);
        return certificate;
    }

    public async ValueTask CommitAsync(LedgerEntry entry, params StoreChange[] changes)
    {
        if (await Commits.CommitAsync(new CommitRequest(entry, [.. changes]), CancellationToken.None) is CommitOutcome.Conflict conflict)
        {
            throw new CeremonyException($"The record was not taken: {conflict.Reason}");
        }
    }

    /// <summary>A certificate that a CA here made for a CA, with its ledger entry.</summary>
    /// <param name="profile">How the record calls its kind: <c>issuing-ca</c>.</param>
    public async ValueTask RecordIssuedAsync(Issuer issuer, Certificate certificate, string profile, string actor)
    {
        var (now, serial) = (_environment.Time.GetUtcNow(), certificate.SerialNumber.ToArray());
        var entry = new LedgerEntry(LedgerEntryKind.CertificateIssued, now, actor, LedgerFacts.OfCertificate(issuer.Name, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.Profile, profile),
            (AuditDetails.Subject, certificate.Subject.ToString()),
            (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        await CommitAsync(entry, new StoreChange.AddCertificate(new CertificateRecord(
            issuer.Name, serial, certificate.Der.ToArray(), profile, null, certificate.PublicKey.Fingerprint(), certificate.NotBefore, certificate.NotAfter, now, actor, certificate.PublicKey.Algorithm,
            AlternativeKeyFingerprint: certificate.AlternativePublicKey?.Fingerprint())));
    }

    /// <summary>A CA that was certified elsewhere, with its certificate's record and ledger entry.</summary>
    public async ValueTask InstallAsync(AuthorityRecord record, Certificate certificate, string actor)
    {
        var serial = certificate.SerialNumber.ToArray();
        var entry = new LedgerEntry(LedgerEntryKind.AuthorityCreated, record.Created, actor, LedgerFacts.OfCertificate(record.Issuer, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.Subject, certificate.Subject.ToString()),
            (AuditDetails.State, "installed"),
            (AuditDetails.KeyLabel, $"{record.Key.Provider}/{record.Key.Label}"),
            (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        await CommitAsync(entry, new StoreChange.AddAuthority(record), new StoreChange.AddCertificate(new CertificateRecord(
            record.Issuer, serial, certificate.Der.ToArray(), $"{record.Name}-ca", null, certificate.PublicKey.Fingerprint(), certificate.NotBefore, certificate.NotAfter, record.Created, actor, certificate.PublicKey.Algorithm,
            AlternativeKeyFingerprint: certificate.AlternativePublicKey?.Fingerprint())));
    }

    public async ValueTask DisposeAsync()
    {
        if (_audit is not null)
        {
            await _audit.DisposeAsync();
        }

        await Commits.DisposeAsync();
        if (_responders is not null)
        {
            await _responders.DisposeAsync();
        }

        _successions?.Dispose();
        if (_issuers is not null)
        {
            await _issuers.DisposeAsync();
        }

        _metrics.Dispose();
    }
}
