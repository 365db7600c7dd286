using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>What becomes of answers that were signed: kept, looked at again, and good while the token is away, but never good for what is revoked.</summary>
public sealed class OcspKeepingTests
{
    [Fact]
    public async Task RespondAsync_SomethingElseRevoked_ServesTheKeptAnswerWithoutASignature()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var (other, _) = await authority.AgentAsync("b.agents.test");
        var first = await AskAsync(authority, certificate);
        await RevokeAsync(authority, other, RevocationReason.Superseded);
        var signatures = authority.Keys.Signatures;
        Assert.Same(first, await AskAsync(authority, certificate));
        Assert.Equal(signatures, authority.Keys.Signatures);
        var reads = authority.Store.StatusReads;
        Assert.Same(first, await AskAsync(authority, certificate));
        Assert.Equal(reads, authority.Store.StatusReads);
    }

    [Fact]
    public async Task RespondAsync_HeldAndReleased_IsRevokedCertificateHoldAndGoodAgain()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.IsType<OcspCertificateStatus.Good>(StatusOf(await AskAsync(authority, certificate)));
        await RevokeAsync(authority, certificate, RevocationReason.CertificateHold);
        Assert.Equal(CrlReason.CertificateHold, Assert.IsType<OcspCertificateStatus.Revoked>(StatusOf(await AskAsync(authority, certificate))).Reason);
        RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.OneCertificate(certificate), "admin:x", "admin", "c"), default));
        Assert.IsType<OcspCertificateStatus.Good>(StatusOf(await AskAsync(authority, certificate)));
        await RevokeAsync(authority, certificate, RevocationReason.KeyCompromise);
        Assert.Equal(CrlReason.KeyCompromise, Assert.IsType<OcspCertificateStatus.Revoked>(StatusOf(await AskAsync(authority, certificate))).Reason);
    }

    [Fact]
    public async Task RespondAsync_TokenGone_KeptAnswersGoOnUntilTheyEnd_ThenTryLater()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var (other, _) = await authority.AgentAsync("b.agents.test");
        var first = await AskAsync(authority, certificate);
        authority.Keys.IsGone = true;
        // A newer one would be wanted now, and a revocation of something else has come.
        authority.Time.Advance(TestAuthority.DefaultOptions.OcspValidity * 0.9);
        await RevokeAsync(authority, other, RevocationReason.Superseded);
        Assert.Same(first, await AskAsync(authority, certificate));
        authority.Time.SetUtcNow(first.NextUpdate!.Value);
        Assert.Equal(OcspResponseStatus.TryLater, OcspResponse.Parse((await AskAsync(authority, certificate)).Der).Status);
        authority.Keys.IsGone = false;
        Assert.IsType<OcspCertificateStatus.Good>(StatusOf(await AskAsync(authority, certificate)));
    }

    [Theory]
    [InlineData(RevocationReason.KeyCompromise)]
    [InlineData(RevocationReason.CertificateHold)]
    public async Task RespondAsync_TokenGoneAndRevoked_IsTryLaterAndNeverGood(RevocationReason reason)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await AskAsync(authority, certificate);
        authority.Keys.IsGone = true;
        await RevokeAsync(authority, certificate, reason);
        Assert.Equal(OcspResponseStatus.TryLater, OcspResponse.Parse((await AskAsync(authority, certificate)).Der).Status);
    }

    [Fact]
    public async Task RespondAsync_ResponderRevokedAndTokenGone_KeptAnswersEnd()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var responder = OcspResponse.Parse((await AskAsync(authority, certificate)).Der).Certificates[0];
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(responder), RevocationReason.KeyCompromise, includeAppliance: true));
        authority.Keys.IsGone = true;
        Assert.Equal(OcspResponseStatus.TryLater, OcspResponse.Parse((await AskAsync(authority, certificate)).Der).Status);
    }

    [Fact]
    public async Task RespondAsync_NeverIssued_CostsNoRead()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.Services.MaintainAsync(default);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await authority.Services.IssuedLoaded;
        var reads = authority.Store.StatusReads;
        for (byte i = 1; i <= 50; i++)
        {
            Assert.IsType<OcspCertificateStatus.Unknown>(StatusOf(await AskAsync(authority, new byte[] { 0x41, i, 3, 4, 5, 6, 7, 8 })));
        }

        // Of fifty at most one or two meet in the filter by chance, of a million.
        Assert.InRange(authority.Store.StatusReads - reads, 0, 2);
        reads = authority.Store.StatusReads;
        Assert.IsType<OcspCertificateStatus.Good>(StatusOf(await AskAsync(authority, certificate)));
        Assert.Equal(reads + 1, authority.Store.StatusReads);
    }

    [Fact]
    public async Task RespondAsync_IssuedBeforeTheStart_IsGood()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await authority.RestartAsync();
        await authority.Services.IssuedLoaded;
        Assert.IsType<OcspCertificateStatus.Good>(StatusOf(await AskAsync(authority, certificate)));
    }

    [Fact]
    public async Task RespondAsync_ByName_NamesTheRespondersSubject()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { OcspResponderByName = true });
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var response = OcspResponse.Parse((await AskAsync(authority, certificate)).Der);
        Assert.Equal(response.Certificates[0].Subject, Assert.IsType<ResponderId.ByName>(response.Data!.Responder).Name);
        Assert.True(response.VerifySignature(response.Certificates[0].PublicKey, authority.Providers));
    }

    private static ValueTask<OcspAnswer> AskAsync(TestAuthority authority, Certificate certificate) => AskAsync(authority, certificate.SerialNumber);

    private static ValueTask<OcspAnswer> AskAsync(TestAuthority authority, ReadOnlyMemory<byte> serial) =>
        authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, serial)]), default);

    private static OcspCertificateStatus StatusOf(OcspAnswer answer) => Assert.Single(OcspResponse.Parse(answer.Der).Data!.Responses).Status;

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate, RevocationReason reason) =>
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), reason));
}
