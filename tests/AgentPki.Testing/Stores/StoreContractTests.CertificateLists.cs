using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    private ICertificateListStore CertificateLists => Store;

    [Fact]
    public async Task AddCertificateList_Rising_LatestIsTheLast_NotRising_Conflicts()
    {
        foreach (var number in new long[] { 1, 2, 3, 5, 6, 9 })
        {
            Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(number))));
        }

        Assert.Equivalent(List(9), await CertificateLists.LatestAsync(StoreSamples.Authority, 0, false, Cancelled), strict: true);
        Conflict(new StoreChange.AddCertificateList(List(9)));
        Conflict(new StoreChange.AddCertificateList(List(4)));
        Conflict(new StoreChange.AddCertificateList(List(10) with { Authority = "nobody" }));
        Assert.Null(await CertificateLists.LatestAsync("nobody", 0, false, Cancelled));
        Assert.Null(await CertificateLists.LatestAsync(StoreSamples.Authority, 1, false, Cancelled));
    }

    [Fact]
    public async Task AddCertificateList_CompleteAndDelta_ShareTheNumbersOfTheirShard()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(1))));
        Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(2) with { BaseNumber = 1 })));
        Conflict(new StoreChange.AddCertificateList(List(2)));
        // Another shard counts for itself.
        Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(1) with { Shard = 7 })));
        Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(3))));

        Assert.Equal(3, (await CertificateLists.LatestAsync(StoreSamples.Authority, 0, false, Cancelled))!.Number);
        Assert.Equivalent(List(2) with { BaseNumber = 1 }, await CertificateLists.LatestAsync(StoreSamples.Authority, 0, true, Cancelled), strict: true);
        Assert.Null(await CertificateLists.LatestAsync(StoreSamples.Authority, 7, true, Cancelled));
        Assert.Equal([0, 7], await CertificateLists.ListShardsAsync(StoreSamples.Authority, Cancelled));
    }

    [Fact]
    public async Task FindBase_IsTheValidCompleteListThatEndsFirst()
    {
        foreach (var number in Enumerable.Range(1, 5))
        {
            var at = StoreSamples.Now.AddHours(number);
            Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List(number * 2) with { ThisUpdate = at, NextUpdate = at.AddHours(3) })));
            Commit(StoreSamples.Request(new StoreChange.AddCertificateList(List((number * 2) + 1) with { BaseNumber = number * 2, ThisUpdate = at, NextUpdate = at.AddHours(2) })));
        }

        Assert.Equal(4, (await CertificateLists.FindBaseAsync(StoreSamples.Authority, 0, StoreSamples.Now.AddHours(4.5), Cancelled))!.Number);
        Assert.Equal(10, (await CertificateLists.FindBaseAsync(StoreSamples.Authority, 0, StoreSamples.Now.AddHours(7.5), Cancelled))!.Number);
        Assert.Null(await CertificateLists.FindBaseAsync(StoreSamples.Authority, 0, StoreSamples.Now.AddHours(8), Cancelled));
        Assert.Null(await CertificateLists.FindBaseAsync(StoreSamples.Authority, 1, StoreSamples.Now, Cancelled));
    }

    [Fact]
    public async Task ListEntries_IsInOctetOrder_WithoutExpiredAndOthers()
    {
        // Certificates expire 1, 2 or 3 days after Now, by number.
        Store.Apply([.. Enumerable.Range(0, 30).Select(StoreSamples.Issuance)]);
        Store.Apply([.. Enumerable.Range(0, 20).Select(n => StoreSamples.Revocation(n))]);

        var expected = Enumerable.Range(0, 20).Where(n => 1 + (n % 3) >= 2).Select(n => Convert.ToHexString(StoreSamples.Serial(n))).Order(StringComparer.Ordinal);
        var listed = await EntriesAsync(2);
        Assert.Equal(expected, listed.Select(r => Convert.ToHexString(r.Serial)));
        Assert.All(listed, r => Assert.Equal((StoreSamples.Now, RevocationReason.KeyCompromise, null), (r.Time, r.Reason, r.InvalidSince)));
        Assert.Equal(20, (await EntriesAsync(0)).Count);
        Assert.Empty(await EntriesAsync(4));
        Assert.Empty(await EntriesAsync(0, authority: "nobody"));
        Assert.Empty(await EntriesAsync(0, shard: 1));
    }

    [Fact]
    public async Task Shards_EachHasItsOwnEntriesChangesAndNothingElse()
    {
        Store.Apply([.. Enumerable.Range(0, 12).Select(n => InShard(StoreSamples.Issuance(n), n % 3))]);
        Assert.Equal([1, 2], await CertificateLists.ListShardsAsync(StoreSamples.Authority, Cancelled));
        foreach (var n in Enumerable.Range(0, 12))
        {
            Commit(StoreSamples.Revocation(n));
        }

        for (var shard = 0; shard < 3; shard++)
        {
            Assert.Equal(Serials(n => n % 3 == shard), (await EntriesAsync(0, shard: shard)).Select(r => Convert.ToHexString(r.Serial)));
            // Number n was revoked in epoch n + 1.
            Assert.Equal(Serials(n => n % 3 == shard && n + 1 > 6), (await ChangesAsync(6, shard)).Select(r => Convert.ToHexString(r.Serial)));
            Assert.Equal(shard > 0, await CertificateLists.HasChangedAsync(StoreSamples.Authority, shard, 10, Cancelled));
            Assert.False(await CertificateLists.HasChangedAsync(StoreSamples.Authority, shard, 12, Cancelled));
        }

        Assert.False(await CertificateLists.HasChangedAsync("nobody", 0, 0, Cancelled));
    }

    [Fact]
    public async Task ListChanges_HeldReleasedAndRevoked_IsWhatEachIsNow()
    {
        Store.Apply([.. Enumerable.Range(0, 3).Select(StoreSamples.Issuance)]);
        var since = StoreSamples.Now.AddDays(-9);
        var selected = RevocationSelector.Of(StoreSamples.Authority, StoreSamples.Serial(1));
        Commit(StoreSamples.Revocation(0));
        Commit(StoreSamples.Request(new StoreChange.RevokeSet(selected, StoreSamples.Now, RevocationReason.CertificateHold)));
        Assert.Equal([RevocationReason.CertificateHold], (await ChangesAsync(1)).Select(r => r.Reason));
        Assert.Equal(2, (await EntriesAsync(0)).Count);

        Commit(StoreSamples.Request(new StoreChange.ReleaseSet(selected, StoreSamples.Now)));
        Assert.Equal([RevocationReason.RemoveFromCrl], (await ChangesAsync(1)).Select(r => r.Reason));
        Assert.Single(await EntriesAsync(0));
        Assert.True(await CertificateLists.HasChangedAsync(StoreSamples.Authority, 0, 2, Cancelled));

        Commit(StoreSamples.Request(new StoreChange.RevokeSet(selected, StoreSamples.Now, RevocationReason.KeyCompromise, since)));
        Assert.Equal((RevocationReason.KeyCompromise, since), Assert.Single(await ChangesAsync(3)) is var entry ? (entry.Reason, entry.InvalidSince) : default);
        Assert.Empty(await ChangesAsync(4));
    }

    [Fact]
    public async Task ListSerials_AreAllThatWereIssued()
    {
        Store.Apply([.. Enumerable.Range(0, 30).Select(StoreSamples.Issuance)]);
        var serials = new List<string>();
        await foreach (var serial in Certificates.ListSerialsAsync(Cancelled))
        {
            serials.Add(Convert.ToHexString(serial));
        }

        Assert.Equal(Enumerable.Range(0, 30).Select(n => Convert.ToHexString(StoreSamples.Serial(n))).Order(StringComparer.Ordinal), serials.Order(StringComparer.Ordinal));
    }

    private static CertificateListRecord List(long number) => new(StoreSamples.Authority, 0, number, null, 3, StoreSamples.Now, StoreSamples.Now.AddDays(1), [.. Enumerable.Repeat((byte)number, 32)], 40 + number);

    private static CommitRequest InShard(CommitRequest issuance, int shard) => issuance with
    {
        Changes = [.. issuance.Changes.Select(c => c is StoreChange.AddCertificate added ? new StoreChange.AddCertificate(added.Certificate with { Shard = shard }) : c)],
    };

    private static IEnumerable<string> Serials(Func<int, bool> wanted) => Enumerable.Range(0, 12).Where(wanted).Select(n => Convert.ToHexString(StoreSamples.Serial(n))).Order(StringComparer.Ordinal);

    private Task<List<RevokedEntry>> EntriesAsync(int days, string authority = StoreSamples.Authority, int shard = 0) =>
        CertificateLists.ListEntriesAsync(authority, shard, StoreSamples.Now.AddDays(days), Cancelled).ToListAsync(Cancelled).AsTask();

    private Task<List<RevokedEntry>> ChangesAsync(long after, int shard = 0) =>
        CertificateLists.ListChangesAsync(StoreSamples.Authority, shard, after, StoreSamples.Now, Cancelled).ToListAsync(Cancelled).AsTask();
}
