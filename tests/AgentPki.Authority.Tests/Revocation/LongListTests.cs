using System.Globalization;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using AgentPki.X509.CertificateLists;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>CRLs that are longer than memory should be. Alone: what is measured is the process.</summary>
[Collection(nameof(LongListTests))]
[CollectionDefinition(nameof(LongListTests), DisableParallelization = true)]
public sealed class LongListTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("tier", "full")]
    public async Task CurrentAsync_TenMillionRevoked_IsMadeInBoundedMemory()
    {
        const int Count = 10_000_000;
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { Stores = e.Stores with { CertificateLists = new ManyRevoked(e.Stores.CertificateLists, Count) } });
        GC.Collect();
        var before = PrivateMegabytes();
        var most = before;
        using (new Timer(_ => most = Math.Max(most, PrivateMegabytes()), null, 0, 50))
        {
            var started = System.Diagnostics.Stopwatch.StartNew();
            var list = await authority.Services.CertificateLists.CurrentAsync("issuing", default);
            output.WriteLine($"{list!.Record.Length:N0} octets in {started.Elapsed}, private memory {before} MB, {most} MB at most");
            Assert.True(list.Record.Length > 400_000_000);
            Assert.Null(list.Octets);
        }

        // Ten times the bound would hold the list once; linting alone used to take two copies and a set.
        Assert.InRange(most - before, 0, 150);
    }

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

    // Anonymous memory alone: pages of a mapped file are the kernel's to drop.
    private static long PrivateMegabytes() =>
        long.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
}
