using AgentPki.Authority.Audit;
using AgentPki.Authority.Checkpoints;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony;

/// <summary>What a ceremony left behind.</summary>
/// <param name="Keys">Every key, CAs first.</param>
public sealed record CeremonyResult(Certificate Root, Certificate Issuing, PublicKey CheckpointKey, IReadOnlyList<CeremonyKey> Keys, IReadOnlyList<CeremonyStep> Steps)
{
    /// <summary>The CA of <see cref="CeremonyOptions.Tls"/>, where one was wanted.</summary>
    public Certificate? Tls { get; init; }

    /// <summary>The ML-DSA-44 key that signs checkpoints beside the first, where some token can keep one.</summary>
    public PublicKey? SecondCheckpointKey { get; init; }
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
        var second = await MakeSecondCheckpointKeyAsync(options, commits, cancellationToken);
        return new CeremonyResult(root, issuing, checkpointKey, _keys, _steps) { Tls = tls, SecondCheckpointKey = second };
    }

    private async ValueTask<Certificate> MakeAsync(CeremonyOptions options, CeremonyAuthority wanted, CeremonyAuthority? parent, KeyMaker keys, CommitWriter commits, CancellationToken cancellationToken)
    {
        // 1. The key or keys, where they will live. A CA of that name from an earlier run says where that is.
        var known = (await environment.Stores.Authorities.ListAsync(cancellationToken)).FirstOrDefault(a => a.Name == wanted.Name);
        await using var own = await keys.OpenOrGenerateAuthorityAsync(
            options.KeyLabelOf(wanted),
            new AuthorityKeyPlace(wanted.KeyAlgorithm, null, known?.Key.Provider),
            wanted.AlternativeKeyAlgorithm is { } second ? new AuthorityKeyPlace(second, null, known?.Alternative?.Key.Provider) : null,
            AuditTrail.Appliance,
            cancellationToken);
        ReportKey(wanted.Name, own.First.Key, own.First.IsNew);
        if (own.Second is { } alternative)
        {
            ReportKey($"{wanted.Name} alternative", alternative.Key, alternative.IsNew);
        }

        // 2. That CA, if it stands on that key.
        if (known is not null)
        {
            var certificate = Certificate.Parse(known.Der);
            if (!certificate.PublicKey.Equals(own.Guarded.PublicKey))
            {
                throw new InvalidOperationException($"CA '{wanted.Name}' exists in the store, but key '{own.First.Key.Reference.Label}' is not its key: store and token belong to different homes.");
            }

            if (!Equals(certificate.AlternativePublicKey, own.Alternative?.Key.PublicKey))
            {
                throw new InvalidOperationException($"CA '{wanted.Name}' exists in the store with {(certificate.AlternativePublicKey is null ? "one key" : "another alternative key")}; wanted: {wanted.Keys}. A CA keeps the keys it was made with; use another home for others.");
            }

            Report(new CeremonyStep($"{wanted.Name} certificate", Describe(certificate), false));
            return certificate;
        }

        // 3. Its certificate, by itself or by its parent's own guarded path, with record and ledger entry.
        await keys.RecordFoundAsync(own, AuditTrail.Appliance);
        await using var issuers = parent is null ? null : await IssuerDirectory.LoadAsync(environment.Stores.Authorities, environment.Stores.Certificates, environment.Providers, environment.Options, commits.Revocations, cancellationToken);
        var issuer = parent is null ? null : issuers?.Find(parent.Name) ?? throw new InvalidOperationException($"CA '{parent.Name}' is not there.");
        var draft = new AuthorityDraft(wanted.Name, wanted.Subject, wanted.EffectiveSignature, environment.Time.GetUtcNow() + wanted.Validity, options.ConstrainTrustDomain);
        var made = await new AuthorityMaker(environment.Providers, environment.Options, commits, environment.Time).MakeAsync(draft, own, issuer, AuditTrail.Appliance, cancellationToken);
        Report(new CeremonyStep($"{wanted.Name} certificate", Describe(made), true));
        return made;
    }

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

    private async ValueTask<PublicKey?> MakeSecondCheckpointKeyAsync(CeremonyOptions options, CommitWriter commits, CancellationToken cancellationToken)
    {
        if (await SecondCheckpointKey.OpenOrMakeAsync(environment.Providers, commits, environment.Time, options.KeyPrefix, AuditTrail.Appliance, cancellationToken) is not var (key, isNew))
        {
            return null;
        }

        await using var disposed = key;
        ReportKey("checkpoint second", key, isNew);
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

    private static string Describe(Certificate certificate) => $"{certificate.Subject}, {certificate.SignatureAlgorithm}{(certificate.AlternativeSignature?.Algorithm is { } alternative ? $" and {alternative}" : "")}, until {certificate.NotAfter:yyyy-MM-dd}";
}
