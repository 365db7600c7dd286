using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using AgentPki.X509.CertificateLists;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>CRLs that are longer than what is kept in memory.</summary>
public sealed class LongListTests
{
    [Fact]
    public async Task CurrentAsync_MoreThanIsKeptInMemory_IsTheSameListFromTheFile()
    {
        const int Count = 20_000;
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { Stores = e.Stores with { CertificateLists = new ManyRevoked(e.Stores.CertificateLists, Count) } });
        var published = await authority.Services.CertificateLists.CurrentAsync("issuing", default);
        Assert.Null(published!.Octets);
        var list = CertificateList.Parse(await published.ReadAsync(default));
        Assert.Equal((Count, published.Record.Length), (list.Count, new FileInfo(published.Path).Length));
        Assert.True(list.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(list.Der.Span), published.Record.Sha256);
    }

    [Fact, Trait("tier", "full")]
    public async Task CurrentAsync_TenMillionRevoked_KeepsNoneOfThemOnTheHeap()
    {
        const int Count = 10_000_000;
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { Stores = e.Stores with { CertificateLists = new ManyRevoked(e.Stores.CertificateLists, Count) } });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var ending = new CancellationTokenSource();
        var most = Task.Run(() => MostAlive(ending.Token), TestContext.Current.CancellationToken);
        var published = await authority.Services.CertificateLists.CurrentAsync("issuing", TestContext.Current.CancellationToken);
        await ending.CancelAsync();
        var (alive, samples) = await most;
        Assert.InRange(published!.Record.Length, 45L * Count, 60L * Count);
        Assert.True(samples > 10, $"only {samples} looks");
        Assert.InRange(alive - before, long.MinValue, 16L * 1024 * 1024);
    }

    // What a full collection leaves, again and again while the list is made; what waits to be collected is not what it needs.
    private static (long Alive, int Samples) MostAlive(CancellationToken ending)
    {
        var (most, samples) = (0L, 0);
        while (!ending.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500)))
        {
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
            samples++;
        }

        return (most, samples);
    }
}
