using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony;

/// <summary>What a CA to be made is called and says in its certificate.</summary>
/// <param name="Signature">What it will sign with by default.</param>
/// <param name="NotAfter">Or its parent's end, where that comes first.</param>
/// <param name="ConstrainTrustDomain">Whether an issuing CA may certify URIs of its own trust domain only (RFC 5280 §4.2.1.10).</param>
internal sealed record AuthorityDraft(string Name, X500Name Subject, SignatureAlgorithm Signature, DateTimeOffset NotAfter, bool ConstrainTrustDomain);

/// <summary>Makes CAs on keys that are there: certificate, record and ledger entry. For ceremonies and for successions alike.</summary>
internal sealed class AuthorityMaker(CryptoProviders providers, AuthorityOptions options, CommitWriter commits, TimeProvider time)
{
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <param name="parent">Signs the certificate through its own guarded path; null: a root, which signs it itself.</param>
    /// <exception cref="InvalidOperationException">The certificate would not be in order, or such a CA was recorded meanwhile.</exception>
    /// <exception cref="SignatureRejectedException">What a key returned does not verify.</exception>
    /// <exception cref="KeyUnavailableException">A key cannot sign now; nothing was recorded.</exception>
    public async ValueTask<Certificate> MakeAsync(AuthorityDraft draft, AuthorityKeys keys, Issuer? parent, string actor, CancellationToken cancellationToken)
    {
        var (certificate, findings) = await (parent is null ? SelfSignAsync(draft, keys, cancellationToken) : SignAsync(draft, keys, parent, cancellationToken));
        if (certificate is null)
        {
            throw new InvalidOperationException($"The certificate of CA '{draft.Name}' would not be in order: {string.Join("; ", findings.Where(f => f.Severity == LintSeverity.Error))}. Nothing was signed.");
        }

        await RecordAsync(draft, keys, parent?.Name ?? draft.Name, certificate, actor);
        return certificate;
    }

    private ValueTask<(Certificate? Certificate, IReadOnlyList<LintFinding> Findings)> SelfSignAsync(AuthorityDraft draft, AuthorityKeys keys, CancellationToken cancellationToken)
    {
        var (now, notAfter) = (Whole(time.GetUtcNow()), Whole(draft.NotAfter));
        var toBeSigned = new TbsCertificate
        {
            SerialNumber = SerialNumber.Create(options.Epoch),
            Signature = draft.Signature,
            Issuer = draft.Subject,
            NotBefore = now - Backdate,
            NotAfter = notAfter,
            Subject = draft.Subject,
            PublicKey = keys.Guarded.PublicKey,
            Extensions = AuthorityExtensions.ForRoot(keys.Guarded.PublicKey, keys.Alternative?.Key.PublicKey),
        };
        var context = new LintContext(CertificatePosition.Root, null, notAfter - now + Backdate + Second);
        return new AuthoritySigner(draft.Name, keys.Guarded, keys.Alternative, providers).SignAsync(toBeSigned, context, cancellationToken);
    }

    private ValueTask<(Certificate? Certificate, IReadOnlyList<LintFinding> Findings)> SignAsync(AuthorityDraft draft, AuthorityKeys keys, Issuer parent, CancellationToken cancellationToken)
    {
        var now = Whole(time.GetUtcNow());
        var notAfter = draft.NotAfter < parent.Certificate.NotAfter ? Whole(draft.NotAfter) : parent.Certificate.NotAfter;
        var key = keys.Guarded.PublicKey;
        return parent.SignAsync(
            new CertificateDraft(
                SerialNumber.Create(options.Epoch),
                parent.Signature,
                draft.Subject,
                key,
                now - Backdate,
                notAfter,
                AuthorityExtensions.ForIssuing(key, keys.Alternative?.Key.PublicKey, parent, options, draft.ConstrainTrustDomain),
                CertificatePosition.IssuingCa,
                notAfter - now + Backdate + Second),
            cancellationToken);
    }

    /// <summary>CA, certificate and ledger entry, at once.</summary>
    private async ValueTask RecordAsync(AuthorityDraft draft, AuthorityKeys keys, string issuer, Certificate certificate, string actor)
    {
        var (now, serial, key, alternative) = (time.GetUtcNow(), certificate.SerialNumber.ToArray(), keys.First.Key.Reference, keys.Second?.Key.Reference);
        var entry = new LedgerEntry(LedgerEntryKind.AuthorityCreated, now, actor, LedgerFacts.OfCertificate(issuer, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.Subject, certificate.Subject.ToString()),
            (AuditDetails.KeyLabel, $"{key.Provider}/{key.Label}"),
            (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())),
            (AuditDetails.AlternativeKeyLabel, alternative is null ? null : $"{alternative.Provider}/{alternative.Label}"),
            (AuditDetails.AlternativeKeySha256, certificate.AlternativePublicKey is { } second ? AuditDetails.Hex(second.Fingerprint()) : null),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        var record = new AuthorityRecord(
            draft.Name, issuer, key, draft.Signature, certificate.Der.ToArray(), now, alternative is null || keys.Alternative is null ? null : new AlternativeAuthorityKey(alternative, keys.Alternative.Signature));
        var made = new CertificateRecord(
            issuer, serial, certificate.Der.ToArray(), $"{draft.Name}-ca", null, certificate.PublicKey.Fingerprint(), certificate.NotBefore, certificate.NotAfter, now, actor, certificate.PublicKey.Algorithm,
            AlternativeKeyFingerprint: certificate.AlternativePublicKey?.Fingerprint());
        var outcome = await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddAuthority(record), new StoreChange.AddCertificate(made)]), CancellationToken.None);
        if (outcome is CommitOutcome.Conflict conflict)
        {
            throw new InvalidOperationException($"CA '{draft.Name}' was not recorded: {conflict.Reason} Another ceremony runs on this home.");
        }
    }

    private static DateTimeOffset Whole(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
