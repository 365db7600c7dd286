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
}
