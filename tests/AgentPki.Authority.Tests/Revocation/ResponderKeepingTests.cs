using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>Responders that are revoked, that cannot be made, and keys that are not used again.</summary>
public sealed class ResponderKeepingTests
{
    [Fact]
    public async Task RespondAsync_ResponderRevokedDuringTheSignature_IsSignedByAnother()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var first = (await AskAsync(authority, new byte[] { 1 })).Certificates[0];
        var revoked = false;
        authority.Keys.BeforeSign = async _ =>
        {
            if (!revoked)
            {
                revoked = true;
                await RevokeAsync(authority, first);
            }
        };

        var answer = await AskAsync(authority, certificate.SerialNumber);

        Assert.True(revoked);
        Assert.NotEqual(first, answer.Certificates[0]);
        Assert.True(answer.VerifySignature(answer.Certificates[0].PublicKey, authority.Providers));
        Assert.NotEqual(first, (await AskAsync(authority, certificate.SerialNumber)).Certificates[0]);
    }

    [Fact]
    public async Task RespondAsync_CaRevoked_CostsOneEntryHoweverManyAsk()
    {
        await using var authority = await TestAuthority.StartAsync();
        await RevokeAsync(authority, authority.Ceremony.Issuing);
        await AskAsync(authority, new byte[] { 1 });
        var size = await authority.LedgerSizeAsync();
        for (byte i = 2; i < 12; i++)
        {
            Assert.Equal(OcspResponseStatus.TryLater, (await AskAsync(authority, new[] { i })).Status);
        }

        await authority.Services.MaintainAsync(default);
        Assert.Equal(size, (await authority.LedgerSizeAsync()) - (await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued)).Count);

        // In time there is another try.
        authority.Time.Advance(TimeSpan.FromMinutes(11));
        await AskAsync(authority, new byte[] { 1 });
        Assert.True(await authority.LedgerSizeAsync() > size + (await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued)).Count);
    }

    [Fact]
    public async Task RespondAsync_CaHeldAndReleased_AnswersAgainAtOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        await RevokeAsync(authority, authority.Ceremony.Issuing, RevocationReason.CertificateHold);
        Assert.Equal(OcspResponseStatus.TryLater, (await AskAsync(authority, new byte[] { 1 })).Status);
        RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.OneCertificate(authority.Ceremony.Issuing), "admin:x", "admin", "c"), default));
        Assert.Equal(OcspResponseStatus.Successful, (await AskAsync(authority, new byte[] { 1 })).Status);
    }

    [Fact]
    public async Task RespondAsync_ResponderCannotBeMade_ItsKeyIsClosed()
    {
        await using var authority = await TestAuthority.StartAsync();
        await RevokeAsync(authority, authority.Ceremony.Issuing);
        var open = authority.Keys.OpenKeys;
        Assert.Equal(OcspResponseStatus.TryLater, (await AskAsync(authority, new byte[] { 1 })).Status);
        Assert.Equal(open, authority.Keys.OpenKeys);
    }

    [Fact]
    public async Task Responder_KeyRevokedAsAKey_IsCertifiedNoMore()
    {
        await using var authority = await TestAuthority.StartAsync();
        var first = (await AskAsync(authority, new byte[] { 1 })).Certificates[0];
        var target = new RevocationTarget.Selection(new RevocationSelector { KeyFingerprint = first.PublicKey.Fingerprint() });
        Assert.Equal(1, RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.KeyCompromise)).BlockedKeys);
        authority.Time.Advance(TimeSpan.FromDays(10));
        Assert.NotEqual(first.PublicKey, (await AskAsync(authority, new byte[] { 1 })).Certificates[0].PublicKey);
    }

    private static async Task<OcspResponse> AskAsync(TestAuthority authority, ReadOnlyMemory<byte> serial) =>
        OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, serial)]), default)).Der);

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate, RevocationReason reason = RevocationReason.KeyCompromise) =>
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), reason, includeAppliance: true));
}
