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

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>
/// Makes one CRL after the other: entries out of the store by stream into a scratch file, linted there, signed, read back and verified, published by a
/// rename, and true once its record is committed. Whoever calls sees to it that a sequence has one list in the making.
/// </summary>
internal sealed class CertificateListMaker(
    IssuerDirectory issuers,
    ICertificateStore certificates,
    ICertificateListStore lists,
    CertificateListFolder folder,
    CommitWriter commits,
    ProfileCatalog profiles,
    AuthorityOptions options,
    TimeProvider time) : IDisposable
{
    // Each holds one of the store's readers until its last entry is written, and anybody may ask for every shard: the others are for everybody else.
    private const int MostReading = 2;
    private readonly SemaphoreSlim _reading = new(MostReading, MostReading);

    /// <exception cref="KeyUnavailableException">The token cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    /// <exception cref="SignatureRejectedException">It would not be in order, or its signature is wrong.</exception>
    public async ValueTask<PublishedList> MakeCompleteAsync(Issuer issuer, int shard)
    {
        var now = Now();
        var settings = SettingsOf(issuer);
        var previous = await lists.LatestAsync(issuer.Name, shard, isDelta: false, CancellationToken.None);
        // The epoch first, then the entries: what is revoked in between is in the list or makes it incomplete, never neither.
        var epoch = await certificates.RevocationEpochAsync(CancellationToken.None);
        var record = await NextAsync(issuer.Name, shard, epoch, now, now + options.CertificateListValidity);
        // RFC 5280 §3.3: an expired certificate stays until one CRL after its end.
        var entries = lists.ListEntriesAsync(issuer.Name, shard, settings.ExpiredSince ?? Earlier(previous?.ThisUpdate, now), CancellationToken.None);
        return await MakeAsync(issuer, record, TbsOf(issuer, record) with
        {
            FreshestListUrl = settings.DeltaValidity is null ? null : options.DeltaListUrl(issuer.Name, shard),
            ExpiredCertificatesSince = settings.ExpiredSince,
        }, entries);
    }

    /// <summary>The difference to the oldest complete CRL that somebody may still hold, so that it completes every one that is valid (RFC 5280 §5.2.4).</summary>
    /// <returns>Null: there is no valid complete CRL, and no difference to one.</returns>
    /// <exception cref="KeyUnavailableException">The token cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    /// <exception cref="SignatureRejectedException">It would not be in order, or its signature is wrong.</exception>
    public async ValueTask<PublishedList?> MakeDeltaAsync(Issuer issuer, int shard, TimeSpan validity)
    {
        var now = Now();
        if (await lists.FindBaseAsync(issuer.Name, shard, now, CancellationToken.None) is not { } first)
        {
            return null;
        }

        var settings = SettingsOf(issuer);
        var epoch = await certificates.RevocationEpochAsync(CancellationToken.None);
        var record = await NextAsync(issuer.Name, shard, epoch, now, now + validity) with { BaseNumber = first.Number };
        var entries = lists.ListChangesAsync(issuer.Name, shard, first.Epoch, settings.ExpiredSince ?? Earlier(first.ThisUpdate, now), CancellationToken.None);
        return await MakeAsync(issuer, record, TbsOf(issuer, record) with { BaseNumber = first.Number, ExpiredCertificatesSince = settings.ExpiredSince }, entries);
    }

    public CertificateListSettings SettingsOf(Issuer issuer) => options.CertificateListsOf(issuers.LineageOf(issuer.Name));

    public void Dispose() => _reading.Dispose();

    // A clock that was ahead made the earlier list say that it is of a time to come: what ends until then is valid now, and is listed.
    private static DateTimeOffset Earlier(DateTimeOffset? time, DateTimeOffset now) => time is { } set && set < now ? set : now;

    // RFC 5280 §5.2.3: numbers rise for ever, over restores too. 2^40 in an epoch: one CRL each millisecond for 34 years.
    private static long FirstOf(long epoch) => (epoch - 1) << 40;

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private async ValueTask<CertificateListRecord> NextAsync(string authority, int shard, long epoch, DateTimeOffset now, DateTimeOffset end)
    {
        var complete = await lists.LatestAsync(authority, shard, isDelta: false, CancellationToken.None);
        var delta = await lists.LatestAsync(authority, shard, isDelta: true, CancellationToken.None);
        var last = Math.Max(Math.Max(complete?.Number ?? 0, delta?.Number ?? 0), Math.Max(folder.HighestNumber(authority, shard), FirstOf(options.Epoch)));
        return new CertificateListRecord(authority, shard, last + 1, null, epoch, now, end, [], 0);
    }

    private TbsCertificateList TbsOf(Issuer issuer, CertificateListRecord record) => new()
    {
        Signature = issuer.Signature,
        Issuer = issuer.Certificate.Subject,
        ThisUpdate = record.ThisUpdate,
        NextUpdate = record.NextUpdate,
        AuthorityKeyIdentifier = issuer.Certificate.SubjectKeyIdentifier,
        Number = record.Number,
        IssuingDistributionPoint = PointOf(issuer, record.Shard),
    };

    // RFC 5280 §5.2.5: the very name that is in the certificates, and in a delta the same as in its base. A CA that certifies CAs alone says so, and names no place: a root's own
    // certificate has no distribution point that could match one, and relying parties that check the whole chain (openssl -crl_check_all) would find the CRL out of scope.
    private IssuingDistributionPoint PointOf(Issuer issuer, int shard) => profiles.All.Any(p => p.Issuer == issuers.LineageOf(issuer.Name))
        ? new IssuingDistributionPoint([new GeneralName.Uri(options.CertificateListUrl(issuer.Name, shard))])
        : new IssuingDistributionPoint([], OnlyAuthorityCertificates: true);

    private async ValueTask<PublishedList> MakeAsync(Issuer issuer, CertificateListRecord record, TbsCertificateList tbs, IAsyncEnumerable<RevokedEntry> entries)
    {
        using var draft = await WriteAsync(issuer, tbs, entries);
        var (signed, findings) = await issuer.SignListAsync(draft.ToBeSigned, tbs.Signature, CancellationToken.None);
        if (signed is null)
        {
            var worst = findings.First(f => f.Severity == LintSeverity.Error);
            throw new SignatureRejectedException($"The CRL of '{issuer.Name}' would not be in order ({worst.RuleName}, {worst.Citation}): {worst.Detail}");
        }

        try
        {
            record = folder.Add(record, signed.ToBeSigned, tbs.Signature, signed.Signature, issuer.AcceptList);
        }
        catch (IOException failure)
        {
            throw new StoreUnavailableException($"The CRL of '{issuer.Name}' cannot be written: {failure.Message}. Free or add disk space; the next try follows by itself.", failure);
        }

        return await PublishAsync(record, draft.Count);
    }

    private async ValueTask<CertificateListDraft> WriteAsync(Issuer issuer, TbsCertificateList tbs, IAsyncEnumerable<RevokedEntry> entries)
    {
        await _reading.WaitAsync();
        try
        {
            return await CertificateListDraft.WriteAsync(folder.Scratch(), tbs with { AlternativeSignature = issuer.AlternativeSignature }, entries, CancellationToken.None);
        }
        catch (IOException failure)
        {
            throw new StoreUnavailableException($"The CRL of '{issuer.Name}' cannot be written: {failure.Message}. Free or add disk space; the next try follows by itself.", failure);
        }
        catch (OverflowException failure)
        {
            throw new StoreUnavailableException($"The CRL of '{issuer.Name}' would have 2 GiB and more: give the CA shards (crl.authorities in agentpki.yaml).", failure);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async ValueTask<PublishedList> PublishAsync(CertificateListRecord record, long entries)
    {
        var entry = new LedgerEntry(LedgerEntryKind.CertificateListIssued, time.GetUtcNow(), AuditTrail.Appliance, AuditDetails.Of(
            (AuditDetails.Authority, record.Authority),
            (AuditDetails.CertificateListShard, record.Shard == 0 ? null : record.Shard.ToString()),
            (AuditDetails.CertificateListNumber, record.Number.ToString()),
            (AuditDetails.CertificateListBase, record.BaseNumber?.ToString()),
            (AuditDetails.CertificateListSha256, AuditDetails.Hex(record.Sha256)),
            (AuditDetails.CertificateCount, entries.ToString()),
            (AuditDetails.To, AuditDetails.Instant(record.NextUpdate))));
        CommitOutcome outcome;
        try
        {
            outcome = await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddCertificateList(record)]), CancellationToken.None);
        }
        catch
        {
            // No record, no list: left there, each try would leave another one.
            folder.Remove(record);
            throw;
        }

        if (outcome is not CommitOutcome.Committed)
        {
            folder.Remove(record);
            throw new StoreUnavailableException($"CRL number {record.Number} of '{record.Authority}' was taken at the same moment; ask again.");
        }

        var published = folder.Open(record) ?? throw new StoreUnavailableException($"The CRL of '{record.Authority}' that was just written is gone: leave the folder of CRLs to the appliance.");
        folder.Prune(record);
        return published;
    }
}
