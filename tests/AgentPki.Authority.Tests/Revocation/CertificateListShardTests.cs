using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class CertificateListShardTests
{
    [Fact]
    public async Task Revoke_ShardedCa_IsInTheListItsCertificatePointsToAndInNoOther()
    {
        await using var authority = await TestAuthority.StartAsync(Sharded(3));
        var credential = await authority.CredentialAsync();
        for (var i = 0; i < 8; i++)
        {
            var (certificate, _) = await authority.AgentAsync($"a{i}.agents.test", credential);
            RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
            var shard = (await authority.FindAsync(certificate))!.Certificate.Shard;
            Assert.InRange(shard, 1, 3);
            Assert.Equal($"http://pki.test:8080/crl/issuing/{shard}.crl", PointOf(certificate));
            for (var other = 0; other <= 3; other++)
            {
                var list = await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", other));
                Assert.Equal(other == shard, list.Find(certificate.SerialNumber.Span) is not null);
                // RFC 5280 §6.3.3 (b)(2): the very name of the certificate's distribution point.
                Assert.Equal(other == shard, ((GeneralName.Uri)Assert.Single(list.Fields.IssuingDistributionPoint!.FullName)).Value == PointOf(certificate));
            }
        }
    }

    [Fact]
    public async Task Revoke_OneShard_LeavesTheListsOfTheOthersAlone()
    {
        await using var authority = await TestAuthority.StartAsync(Sharded(4));
        await authority.Services.CertificateLists.RefreshAsync(default);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var shard = (await authority.FindAsync(certificate))!.Certificate.Shard;
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        await authority.Services.CertificateLists.RefreshAsync(default);
        for (var i = 0; i <= 4; i++)
        {
            Assert.Equal(i == shard ? 2 : 1, (await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", i))).Number);
        }

        var entry = (await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued))[^1];
        Assert.Equal((shard.ToString(), "2"), (entry[AgentPki.Authority.Audit.AuditDetails.CertificateListShard], entry[AgentPki.Authority.Audit.AuditDetails.CertificateListNumber]));
    }

    [Fact]
    public async Task Shards_Changed_ConcernNewCertificatesAloneAndOldListsGoOn()
    {
        await using var authority = await TestAuthority.StartAsync(Sharded(1));
        var (first, _) = await authority.AgentAsync("a.agents.test");
        Assert.Equal("http://pki.test:8080/crl/issuing.crl", PointOf(first));
        await authority.RestartAsync(Sharded(64));
        var (second, _) = await authority.AgentAsync("b.agents.test");
        var shard = (await authority.FindAsync(second))!.Certificate.Shard;
        Assert.NotEqual(0, shard);
        // Back to one, at once: no list of that shard was ever signed.
        await authority.RestartAsync(Sharded(1));
        var (third, _) = await authority.AgentAsync("c.agents.test");
        Assert.Equal("http://pki.test:8080/crl/issuing.crl", PointOf(third));
        foreach (var certificate in new[] { first, second, third })
        {
            RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        }

        Assert.Equal(2, (await CertificateListTests.CurrentAsync(authority)).Count);
        Assert.NotNull((await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", shard))).Find(second.SerialNumber.Span));
        Assert.Null(await authority.Services.CertificateLists.CurrentAsync(new CertificateListScope("issuing", shard == 64 ? 63 : shard + 1), default));
    }

    [Fact]
    public async Task StartAsync_ShardsOfNobody_IsRefused() =>
        Assert.Contains("isuing", (await Assert.ThrowsAsync<InvalidOperationException>(() => TestAuthority.StartAsync(TestAuthority.DefaultOptions with
        {
            CertificateLists = new Dictionary<string, CertificateListSettings> { ["isuing"] = new() { Shards = 2 } },
        }))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(4097)]
    public void Validate_ImpossibleShards_IsRefused(int shards) => Assert.Throws<ArgumentException>(() => Sharded(shards).Validate());

    private static AuthorityOptions Sharded(int shards) => TestAuthority.DefaultOptions with
    {
        CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { Shards = shards } },
    };

    private static string PointOf(Certificate certificate) => ((GeneralName.Uri)Assert.Single(Assert.Single(certificate.Fields.CrlDistributionPoints).FullName)).Value;
}
