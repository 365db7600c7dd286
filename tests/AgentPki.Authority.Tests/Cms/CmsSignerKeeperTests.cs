using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Tests.Revocation;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Cms;
using Xunit;

namespace AgentPki.Authority.Tests.Cms;

public sealed class CmsSignerKeeperTests
{
    [Fact]
    public async Task Current_AtFirst_MakesAKeyAndACertificateForIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        var signer = await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None);
        Assert.NotNull(signer);
        Assert.Contains(Oids.CmcRa, signer.Certificate.ExtendedKeyUsages!);
        Assert.True(signer.Certificate.VerifySignature(authority.Services.Issuers.Find("issuing")!.Certificate.PublicKey, authority.Providers));
        Assert.Same(signer, await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None));

        var signed = SignedData.Parse(await signer.SignPkiResponseAsync(new byte[] { 0x30, 0 }, [], CancellationToken.None));
        Assert.Equal(Oids.CmcPkiResponse, signed.ContentType);
        Assert.Equal(signer.Certificate, Assert.Single(signed.Verify(authority.Providers)!));
        Assert.Equal(Oids.AsymmetricKeyPackage, SignedData.ParseContent(await signer.SignKeyPackageAsync(new byte[] { 0x30, 0 }, CancellationToken.None)).ContentType);
    }

    [Fact]
    public async Task Current_AfterARestart_IsTheSame()
    {
        await using var authority = await TestAuthority.StartAsync();
        var before = (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate;
        await authority.RestartAsync();
        Assert.Equal(before, (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Current_ItsCertificateRevoked_GetsAnotherKey(bool restart)
    {
        await using var authority = await TestAuthority.StartAsync();
        var before = (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate;
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(before), RevocationReason.KeyCompromise, includeAppliance: true));
        if (restart)
        {
            await authority.RestartAsync();
        }

        var after = (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!;
        Assert.NotEqual(before.PublicKey, after.Certificate.PublicKey);
        Assert.Same(after, await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Current_CertifiedWhileTheClockWasAhead_IsNotUsedBeforeItsTime()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Time.Turn(TimeSpan.FromDays(2));
        await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None);
        authority.Time.Turn(TimeSpan.FromDays(-2));
        Assert.True((await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate.IsValidAt(authority.Time.GetUtcNow()));
        await authority.RestartAsync();
        Assert.True((await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate.IsValidAt(authority.Time.GetUtcNow()));
    }

    [Fact]
    public async Task Current_AfterTwoThirdsOfItsLife_IsRenewedWithTheSameKey()
    {
        await using var authority = await TestAuthority.StartAsync();
        var before = (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate;
        authority.Time.Advance((before.NotAfter - before.NotBefore) * 2 / 3);
        var after = (await authority.Services.CmsSigners.CurrentAsync(CancellationToken.None))!.Certificate;
        Assert.NotEqual(before, after);
        Assert.Equal(before.PublicKey, after.PublicKey);
    }
}
