using System.Runtime.CompilerServices;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>CRLs while the store or the disk is in trouble, or everybody wants one.</summary>
public sealed class CertificateListTroubleTests
{
    [Fact]
    public async Task CurrentAsync_StoreCannotBeWritten_LeavesNoFileBehind()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CertificateListTests.CurrentAsync(authority);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        authority.Store.Fault = () => new StoreUnavailableException("full (test)");
        var files = Files(authority);
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => CertificateListTests.CurrentAsync(authority));
        }

        Assert.Equal(files, Files(authority));
        authority.Store.Fault = null;
        Assert.Equal(2, (await CertificateListTests.CurrentAsync(authority)).Number);
    }

    [Fact]
    public async Task RefreshAsync_FolderOfOneCaUnusable_RenewsTheOthers()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.Services.CertificateLists.RefreshAsync(default);
        var first = authority.Services.Issuers.All[0].Name;
        var folder = Path.Combine(authority.Environment.CertificateListFolder!, first);
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "not a folder", TestContext.Current.CancellationToken);
        authority.Time.Advance(TimeSpan.FromHours(13));

        await authority.Services.CertificateLists.RefreshAsync(default);

        Assert.Equal(1, await NumberAsync(authority, first));
        Assert.Equal(2, await NumberAsync(authority, authority.Services.Issuers.All[1].Name));
        File.Delete(folder);
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(2, await NumberAsync(authority, first));
    }

    [Fact]
    public async Task RefreshAsync_ListOfOneCaCannotBeRead_RenewsTheOthers()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.Services.CertificateLists.RefreshAsync(default);
        var names = authority.Services.Issuers.All.Select(i => i.Name).ToList();
        await authority.RestartAsync();
        var list = Directory.EnumerateFiles(Path.Combine(authority.Environment.CertificateListFolder!, names[0]), "*.crl", SearchOption.AllDirectories).Single();
        await using (new FileStream(list, FileMode.Open, FileAccess.Read, FileShare.None))
        {
            // The appliance's own timer may be faster than the call.
            authority.Time.Advance(TimeSpan.FromHours(13));
            await authority.Services.CertificateLists.RefreshAsync(default);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => authority.Services.CertificateLists.CurrentAsync(names[0], default).AsTask());
        }

        Assert.Equal(2, await NumberAsync(authority, names[1]));
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(2, await NumberAsync(authority, names[0]));
    }

    [Fact]
    public async Task CurrentAsync_EveryShardAtOnce_ReadsTheStoreForTwoAtATime()
    {
        const int Shards = 12;
        WatchedLists? watched = null;
        var options = TestAuthority.DefaultOptions with { CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { Shards = Shards } } };
        await using var authority = await TestAuthority.StartAsync(options, surroundings: e => e with { Stores = e.Stores with { CertificateLists = watched = new WatchedLists(e.Stores.CertificateLists) } });

        var numbers = await Task.WhenAll(Enumerable.Range(1, Shards).Select(shard => Task.Run(async () => (await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", shard))).Number)));

        Assert.All(numbers, n => Assert.Equal(1, n));
        Assert.InRange(watched!.Most, 1, 2);
    }

    private static async Task<long> NumberAsync(TestAuthority authority, string ca) => (await authority.Environment.Stores.CertificateLists.LatestAsync(ca, 0, false, default))!.Number;

    private static int Files(TestAuthority authority) => Directory.EnumerateFiles(authority.Environment.CertificateListFolder!, "*", SearchOption.AllDirectories).Count();

    /// <summary>Sees how many are reading entries at a time, and lets each of them take its time.</summary>
    private sealed class WatchedLists(ICertificateListStore inner) : ICertificateListStore
    {
        private int _reading;
        private int _most;

        public int Most => Volatile.Read(ref _most);

        public ValueTask<CertificateListRecord?> LatestAsync(string authority, int shard, bool isDelta, CancellationToken cancellationToken) => inner.LatestAsync(authority, shard, isDelta, cancellationToken);

        public ValueTask<CertificateListRecord?> FindBaseAsync(string authority, int shard, DateTimeOffset now, CancellationToken cancellationToken) => inner.FindBaseAsync(authority, shard, now, cancellationToken);

        public ValueTask<IReadOnlyList<int>> ListShardsAsync(string authority, CancellationToken cancellationToken) => inner.ListShardsAsync(authority, cancellationToken);

        public IAsyncEnumerable<RevokedEntry> ListChangesAsync(string authority, int shard, long afterEpoch, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
            inner.ListChangesAsync(authority, shard, afterEpoch, notExpiredBefore, cancellationToken);

        public ValueTask<bool> HasChangedAsync(string authority, int shard, long afterEpoch, CancellationToken cancellationToken) => inner.HasChangedAsync(authority, shard, afterEpoch, cancellationToken);

        public async IAsyncEnumerable<RevokedEntry> ListEntriesAsync(string authority, int shard, DateTimeOffset notExpiredBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var now = Interlocked.Increment(ref _reading);
            for (var most = Most; now > most; most = Most)
            {
                Interlocked.CompareExchange(ref _most, now, most);
            }

            await Task.Delay(20, cancellationToken);
            await foreach (var entry in inner.ListEntriesAsync(authority, shard, notExpiredBefore, cancellationToken))
            {
                yield return entry;
            }

            Interlocked.Decrement(ref _reading);
        }
    }
}
