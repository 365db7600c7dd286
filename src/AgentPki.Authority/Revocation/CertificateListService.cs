using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// One complete CRL per CA, served from memory. A revocation makes it incomplete at once: the next reader, or the appliance's timer, has a new one signed.
/// So does the timer when half of its validity has passed. Its number rises for ever: it is the store that refuses a number that does not.
/// </summary>
public sealed class CertificateListService(
    IssuerDirectory issuers,
    ICertificateStore certificates,
    ICertificateListStore lists,
    CommitWriter commits,
    ProfileCatalog profiles,
    AuthorityOptions options,
    TimeProvider time,
    ILogger<CertificateListService> logger) : IDisposable
{
    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>The CRL of that CA as of now: it contains every revocation that was committed before the call. Null: there is no such CA.</summary>
    /// <exception cref="KeyUnavailableException">A new one is needed and the token cannot sign: an old one would say good of what is revoked.</exception>
    /// <exception cref="StoreUnavailableException">A new one is needed and the store cannot be read or written.</exception>
    public async ValueTask<CertificateListRecord?> CurrentAsync(string authority, CancellationToken cancellationToken)
    {
        if (SlotOf(authority) is not { } slot)
        {
            return null;
        }

        // After a restart the last one is in the store, as good as ever if nothing was revoked since.
        slot.Current ??= await lists.LatestAsync(authority, cancellationToken);
        return slot.Current is { } current && IsComplete(slot, current) && current.NextUpdate > time.GetUtcNow() ? current : await RenewAsync(slot, cancellationToken);
    }

    /// <summary>Signs a new CRL of that CA now, whether or not one is due. Null: there is no such CA.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<CertificateListRecord?> RegenerateAsync(string authority, CancellationToken cancellationToken)
    {
        if (SlotOf(authority) is not { } slot)
        {
            return null;
        }

        await slot.Renewing.WaitAsync(cancellationToken);
        try
        {
            return slot.Current = await SignAsync(slot.Issuer, await lists.LatestAsync(slot.Issuer.Name, cancellationToken), cancellationToken);
        }
        finally
        {
            slot.Renewing.Release();
        }
    }

    /// <summary>Signs anew what has passed half of its validity or lacks a revocation: called by the appliance's timer.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var slot in issuers.All.Select(i => SlotOf(i.Name)).OfType<Slot>())
        {
            try
            {
                slot.Current ??= await lists.LatestAsync(slot.Issuer.Name, cancellationToken);
                if (slot.Current is not { } current || !IsComplete(slot, current) || time.GetUtcNow() >= HalfOf(current))
                {
                    await RenewAsync(slot, cancellationToken);
                }
            }
            catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException or SignatureRejectedException)
            {
                Log.ListNotRenewed(logger, slot.Issuer.Name, failure);
            }
        }
    }

    public void Dispose()
    {
        foreach (var slot in _slots.Values)
        {
            slot.Dispose();
        }
    }

    private Slot? SlotOf(string authority) => _slots.TryGetValue(authority, out var slot) ? slot
        : issuers.Find(authority) is { } issuer ? _slots.GetOrAdd(authority, static (_, i) => new Slot(i), issuer) : null;

    private bool IsComplete(Slot slot, CertificateListRecord list) => list.Epoch >= commits.Revocations.EpochOf(slot.Issuer.Name);

    private static DateTimeOffset HalfOf(CertificateListRecord list) => list.ThisUpdate + ((list.NextUpdate - list.ThisUpdate) / 2);

    private async ValueTask<CertificateListRecord> RenewAsync(Slot slot, CancellationToken cancellationToken)
    {
        await slot.Renewing.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited here finds what the one before him signed, or the one of the last run.
            var latest = await lists.LatestAsync(slot.Issuer.Name, cancellationToken);
            if (latest is not null && IsComplete(slot, latest) && time.GetUtcNow() < HalfOf(latest))
            {
                return slot.Current = latest;
            }

            return slot.Current = await SignAsync(slot.Issuer, latest, cancellationToken);
        }
        finally
        {
            slot.Renewing.Release();
        }
    }

    private async ValueTask<CertificateListRecord> SignAsync(Issuer issuer, CertificateListRecord? previous, CancellationToken cancellationToken)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        // The epoch first, then the entries: what is revoked in between is in the list or makes it incomplete, never neither.
        var epoch = await certificates.RevocationEpochAsync(cancellationToken);
        var entries = new List<RevokedCertificate>();
        // RFC 5280 §3.3: an expired certificate stays until one CRL after its end.
        await foreach (var revoked in certificates.ListRevokedAsync(issuer.Name, previous?.ThisUpdate ?? now, cancellationToken))
        {
            entries.Add(new RevokedCertificate(revoked.Serial, revoked.Time, (CrlReason)(byte)revoked.Reason));
        }

        var record = new CertificateListRecord(issuer.Name, (previous?.Number ?? 0) + 1, epoch, now, now + options.CertificateListValidity, []);
        var toBeSigned = new TbsCertificateList
        {
            Signature = issuer.Signature,
            Issuer = issuer.Certificate.Subject,
            ThisUpdate = record.ThisUpdate,
            NextUpdate = record.NextUpdate,
            AuthorityKeyIdentifier = issuer.Certificate.SubjectKeyIdentifier,
            Number = record.Number,
            IssuingDistributionPoint = PointOf(issuer),
        };
        var (list, findings) = await issuer.SignAsync(toBeSigned, entries, cancellationToken);
        if (list is null)
        {
            var worst = findings.First(f => f.Severity == LintSeverity.Error);
            throw new SignatureRejectedException($"The CRL of '{issuer.Name}' would not be in order ({worst.RuleName}, {worst.Citation}): {worst.Detail}");
        }

        return await PublishAsync(record with { Der = list.Der.ToArray() }, entries.Count);
    }

    // RFC 5280 §5.2.5. A CA that certifies CAs alone says so, and names no place: a root's own certificate has no distribution point that could
    // match one, and relying parties that check the whole chain (openssl -crl_check_all) would find the CRL out of scope.
    private IssuingDistributionPoint PointOf(Issuer issuer) => profiles.All.Any(p => p.Issuer == issuers.LineageOf(issuer.Name))
        ? new IssuingDistributionPoint([new GeneralName.Uri(options.CertificateListUrl(issuer.Name))])
        : new IssuingDistributionPoint([], OnlyAuthorityCertificates: true);

    private async ValueTask<CertificateListRecord> PublishAsync(CertificateListRecord record, int entries)
    {
        var entry = new LedgerEntry(LedgerEntryKind.CertificateListIssued, time.GetUtcNow(), AuditTrail.Appliance, AuditDetails.Of(
            (AuditDetails.Authority, record.Authority),
            (AuditDetails.CertificateListNumber, record.Number.ToString()),
            (AuditDetails.CertificateListSha256, AuditDetails.Hex(SHA256.HashData(record.Der))),
            (AuditDetails.CertificateCount, entries.ToString()),
            (AuditDetails.To, AuditDetails.Instant(record.NextUpdate))));
        return await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddCertificateList(record)]), CancellationToken.None) is CommitOutcome.Committed
            ? record
            : throw new StoreUnavailableException($"CRL number {record.Number} of '{record.Authority}' was taken at the same moment; ask again.");
    }

    private sealed class Slot(Issuer issuer) : IDisposable
    {
        private volatile CertificateListRecord? _current;

        public Issuer Issuer { get; } = issuer;

        public SemaphoreSlim Renewing { get; } = new(1, 1);

        public CertificateListRecord? Current
        {
            get => _current;
            set => _current = value;
        }

        public void Dispose() => Renewing.Dispose();
    }
}
