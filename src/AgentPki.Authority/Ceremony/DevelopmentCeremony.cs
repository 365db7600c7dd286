using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Ceremony;

/// <summary>What a ceremony left behind.</summary>
/// <param name="Keys">Every key, CAs first.</param>
public sealed record CeremonyResult(Certificate Root, Certificate Issuing, PublicKey CheckpointKey, IReadOnlyList<CeremonyKey> Keys, IReadOnlyList<CeremonyStep> Steps)
{
    /// <summary>The CA of <see cref="CeremonyOptions.Tls"/>, where one was wanted.</summary>
    public Certificate? Tls { get; init; }
}

/// <summary>A key that a ceremony made or found, and how it is kept.</summary>
/// <param name="Owner">The CA's name, or <c>checkpoint</c>.</param>
public sealed record CeremonyKey(string Owner, KeyAlgorithm Algorithm, KeyReference Reference, KeyProtection Protection);

/// <summary>
/// Root, issuing CA, checkpoint key and OCSP responder in one go, for development: a production ceremony has officers and a quorum. Every key is made
/// where it will live, every step is a ledger entry. It can be cut off anywhere: the next run finds what there is and makes the rest.
/// </summary>
public sealed class DevelopmentCeremony(AuthorityEnvironment environment, IProgress<CeremonyStep>? progress = null)
{
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(10);
    private readonly List<CeremonyStep> _steps = [];
    private readonly List<CeremonyKey> _keys = [];

    /// <exception cref="InvalidOperationException">What is there contradicts the options (another key kind under that name, another key behind a CA).</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now; run the ceremony again.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be written; run the ceremony again.</exception>
    public async ValueTask<CeremonyResult> RunAsync(CeremonyOptions options, CancellationToken cancellationToken)
    {
        environment.Options.Validate();
        options.Root.Validate();
        options.Issuing.Validate();
        options.Tls?.Validate();
        using var metrics = new AuthorityMetrics();
        var clock = new RevocationClock(await environment.Stores.Certificates.RevocationEpochAsync(cancellationToken));
        await using var commits = new CommitWriter(environment.Stores.Commits, environment.Options.Commit, clock, metrics, environment.Logger<CommitWriter>());
        var keys = new KeyMaker(environment.Providers, environment.Options.KeyPlacement, commits, environment.Time);

        var root = await MakeAsync(options, options.Root, null, keys, commits, cancellationToken);
        var issuing = await MakeAsync(options, options.Issuing, options.Root, keys, commits, cancellationToken);
        var tls = options.Tls is { } own ? await MakeAsync(options, own, null, keys, commits, cancellationToken) : null;
        var checkpointKey = await MakeCheckpointKeyAsync(options, keys, cancellationToken);
        return new CeremonyResult(root, issuing, checkpointKey, _keys, _steps) { Tls = tls };
    }

    private async ValueTask<Certificate> MakeAsync(CeremonyOptions options, CeremonyAuthority wanted, CeremonyAuthority? parent, KeyMaker keys, CommitWriter commits, CancellationToken cancellationToken)
    {
        // 1. The key, where it will live. A CA of that name from an earlier run says where that is.
        var known = (await environment.Stores.Authorities.ListAsync(cancellationToken)).FirstOrDefault(a => a.Name == wanted.Name);
        var (key, isNew) = await keys.OpenOrGenerateAsync(
            options.KeyLabelOf(wanted), [wanted.KeyAlgorithm], KeyPurpose.CertificateAuthority, known?.Key.Provider, AuditTrail.Appliance, cancellationToken);
        await using var guarded = GuardedKey.Take(environment.Providers, key);
        var (alternative, isAlternativeNew) = await MakeAlternativeKeyAsync(options, wanted, known?.Alternative?.Key.Provider, keys, cancellationToken);
        await using var second = alternative is null ? null : GuardedKey.Take(environment.Providers, alternative);
        ReportKey(wanted.Name, key, isNew);
        if (alternative is not null)
        {
            ReportKey($"{wanted.Name} alternative", alternative, isAlternativeNew);
        }

        // 2. That CA, if it stands on that key.
        if (known is not null)
        {
            var certificate = Certificate.Parse(known.Der);
            if (!certificate.PublicKey.Equals(key.PublicKey))
            {
                throw new InvalidOperationException($"CA '{wanted.Name}' exists in the store, but key '{key.Reference.Label}' is not its key: store and token belong to different homes.");
            }

            if (!Equals(certificate.AlternativePublicKey, alternative?.PublicKey))
            {
                throw new InvalidOperationException($"CA '{wanted.Name}' exists in the store with {(certificate.AlternativePublicKey is null ? "one key" : "another alternative key")}; wanted: {wanted.Keys}. A CA keeps the keys it was made with; use another home for others.");
            }

            Report(new CeremonyStep($"{wanted.Name} certificate", Describe(certificate), false));
            return certificate;
        }

        if (!isNew)
        {
            await keys.RecordFoundAsync(key, AuditTrail.Appliance);
        }

        if (alternative is not null && !isAlternativeNew)
        {
            await keys.RecordFoundAsync(alternative, AuditTrail.Appliance);
        }

        // 3. Its certificate: self-signed, or signed by the parent through the parent's own guarded path.
        var made = parent is null
            ? await SelfSignAsync(wanted, guarded, second, cancellationToken)
            : await SignAsync(options, wanted, parent, key.PublicKey, alternative?.PublicKey, commits, cancellationToken);

        // 4. CA, certificate and ledger entry, at once.
        await RecordAsync(wanted, parent?.Name ?? wanted.Name, key.Reference, alternative?.Reference, made, commits);
        Report(new CeremonyStep($"{wanted.Name} certificate", Describe(made), true));
        return made;
    }

    private async ValueTask<Certificate> SelfSignAsync(CeremonyAuthority wanted, GuardedKey key, GuardedKey? alternative, CancellationToken cancellationToken)
    {
        var now = Now();
        var signature = wanted.EffectiveSignature;
        var toBeSigned = new TbsCertificate
        {
            SerialNumber = SerialNumber.Create(),
            Signature = signature,
            Issuer = wanted.Subject,
            NotBefore = now - Backdate,
            NotAfter = now + wanted.Validity,
            Subject = wanted.Subject,
            PublicKey = key.PublicKey,
            Extensions = AuthorityExtensions.ForRoot(key.PublicKey, alternative?.PublicKey),
        };
        var context = new LintContext(CertificatePosition.Root, null, wanted.Validity + Backdate + TimeSpan.FromSeconds(1));
        var second = alternative is null ? null : new AlternativeSigner(alternative, alternative.PublicKey.Algorithm.DefaultSignature);
        var (certificate, findings) = await new AuthoritySigner(wanted.Name, key, second, environment.Providers).SignAsync(toBeSigned, context, cancellationToken);
        return certificate ?? throw NotInOrder(wanted, findings);
    }

    private async ValueTask<Certificate> SignAsync(CeremonyOptions options, CeremonyAuthority wanted, CeremonyAuthority parent, PublicKey publicKey, PublicKey? alternative, CommitWriter commits, CancellationToken cancellationToken)
    {
        await using var issuers = await IssuerDirectory.LoadAsync(environment.Stores.Authorities, environment.Stores.Certificates, environment.Providers, environment.Options, commits.Revocations, cancellationToken);
        var issuer = issuers.Find(parent.Name) ?? throw new InvalidOperationException($"CA '{parent.Name}' is not there.");
        var now = Now();
        var notAfter = now + wanted.Validity;
        var draft = new CertificateDraft(
            SerialNumber.Create(),
            issuer.Signature,
            wanted.Subject,
            publicKey,
            now - Backdate,
            notAfter > issuer.Certificate.NotAfter ? issuer.Certificate.NotAfter : notAfter,
            AuthorityExtensions.ForIssuing(publicKey, alternative, issuer, environment.Options, options.ConstrainTrustDomain),
            CertificatePosition.IssuingCa,
            wanted.Validity + Backdate + TimeSpan.FromSeconds(1));
        var (certificate, findings) = await issuer.SignAsync(draft, cancellationToken);
        return certificate ?? throw NotInOrder(wanted, findings);
    }

    private async ValueTask RecordAsync(CeremonyAuthority wanted, string issuerName, KeyReference key, KeyReference? alternative, Certificate certificate, CommitWriter commits)
    {
        var now = environment.Time.GetUtcNow();
        var serial = certificate.SerialNumber.ToArray();
        var entry = new LedgerEntry(LedgerEntryKind.AuthorityCreated, now, AuditTrail.Appliance, LedgerFacts.OfCertificate(issuerName, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.Subject, certificate.Subject.ToString()),
            (AuditDetails.KeyLabel, $"{key.Provider}/{key.Label}"),
            (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())),
            (AuditDetails.AlternativeKeyLabel, alternative is null ? null : $"{alternative.Provider}/{alternative.Label}"),
            (AuditDetails.AlternativeKeySha256, certificate.AlternativePublicKey is { } second ? AuditDetails.Hex(second.Fingerprint()) : null),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        var record = new CertificateRecord(
            issuerName, serial, certificate.Der.ToArray(), $"{wanted.Name}-ca", null, certificate.PublicKey.Fingerprint(), certificate.NotBefore, certificate.NotAfter, now, AuditTrail.Appliance, certificate.PublicKey.Algorithm);
        var alternativeKey = alternative is null || wanted.AlternativeKeyAlgorithm is not { } kind ? null : new AlternativeAuthorityKey(alternative, kind.DefaultSignature);
        var outcome = await commits.CommitAsync(
            new CommitRequest(entry, [new StoreChange.AddAuthority(new AuthorityRecord(wanted.Name, issuerName, key, wanted.EffectiveSignature, certificate.Der.ToArray(), now, alternativeKey)), new StoreChange.AddCertificate(record)]),
            CancellationToken.None);
        if (outcome is CommitOutcome.Conflict conflict)
        {
            throw new InvalidOperationException($"CA '{wanted.Name}' was not recorded: {conflict.Reason} Another ceremony runs on this home.");
        }
    }

    private static async ValueTask<(ISigningKey? Key, bool IsNew)> MakeAlternativeKeyAsync(
        CeremonyOptions options, CeremonyAuthority wanted, string? provider, KeyMaker keys, CancellationToken cancellationToken) =>
        wanted.AlternativeKeyAlgorithm is { } algorithm
            ? await keys.OpenOrGenerateAsync(options.AlternativeKeyLabelOf(wanted), [algorithm], KeyPurpose.CertificateAuthority, provider, AuditTrail.Appliance, cancellationToken)
            : (null, false);

    private async ValueTask<PublicKey> MakeCheckpointKeyAsync(CeremonyOptions options, KeyMaker keys, CancellationToken cancellationToken)
    {
        // Ed25519 is what C2SP checkpoints want; ECDSA where the token lacks it.
        var (key, isNew) = await keys.OpenOrGenerateAsync(
            CeremonyOptions.CheckpointLabel(options.KeyPrefix), [KeyAlgorithm.Ed25519, KeyAlgorithm.EcdsaP256], KeyPurpose.LedgerCheckpoint, null, AuditTrail.Appliance, cancellationToken);
        await using var disposed = key;
        _ = new CheckpointSigner(key);
        if (!isNew && await environment.Stores.Ledger.LatestCheckpointAsync(cancellationToken) is null && !await IsRecordedAsync(key, cancellationToken))
        {
            await keys.RecordFoundAsync(key, AuditTrail.Appliance);
        }

        ReportKey("checkpoint", key, isNew);
        return key.PublicKey;
    }

    // Asked only of a log without a checkpoint, which is young: the entry is among the first or it is not there.
    private async ValueTask<bool> IsRecordedAsync(ISigningKey key, CancellationToken cancellationToken)
    {
        const int MostEntries = 1000;
        var fingerprint = AuditDetails.Hex(key.PublicKey.Fingerprint());
        await foreach (var record in environment.Stores.Ledger.ReadAsync(0, cancellationToken))
        {
            if (record.Leaf.Kind == LedgerEntryKind.KeyGenerated && record.Details?.Facts.GetValueOrDefault(AuditDetails.KeySha256) == fingerprint)
            {
                return true;
            }

            if (record.Leaf.Index >= MostEntries)
            {
                break;
            }
        }

        return false;
    }

    private void ReportKey(string owner, ISigningKey key, bool isNew)
    {
        _keys.Add(new CeremonyKey(owner, key.Algorithm, key.Reference, key.Protection));
        Report(new CeremonyStep($"{owner} key", $"{key.Algorithm}, {key.Protection.ToText()}, {key.Reference.Provider}/{key.Reference.Label}", isNew));
    }

    private void Report(CeremonyStep step)
    {
        _steps.Add(step);
        progress?.Report(step);
    }

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(environment.Time.GetUtcNow().ToUnixTimeSeconds());

    private static string Describe(Certificate certificate) => $"{certificate.Subject}, {certificate.SignatureAlgorithm}{(certificate.AlternativeSignature?.Algorithm is { } alternative ? $" and {alternative}" : "")}, until {certificate.NotAfter:yyyy-MM-dd}";

    private static InvalidOperationException NotInOrder(CeremonyAuthority wanted, IReadOnlyList<LintFinding> findings) =>
        new($"The certificate of CA '{wanted.Name}' would not be in order: {string.Join("; ", findings.Where(f => f.Severity == LintSeverity.Error))}. Nothing was signed.");
}
