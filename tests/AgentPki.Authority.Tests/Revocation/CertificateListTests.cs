using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class CertificateListTests
{
    [Fact]
    public async Task CurrentAsync_NothingRevoked_IsEmptySignedAndKept()
    {
        await using var authority = await TestAuthority.StartAsync();
        var list = await CurrentAsync(authority);
        Assert.Equal((1, 0), (list.Number, list.Count));
        Assert.True(list.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
        Assert.Equal(authority.Ceremony.Issuing.SubjectKeyIdentifier.ToArray(), list.Fields.AuthorityKeyIdentifier!.KeyIdentifier.ToArray());
        Assert.Equal("URI:http://pki.test:8080/crl/issuing.crl", Assert.Single(list.Fields.IssuingDistributionPoint!.FullName).ToString());
        var signatures = authority.Keys.Signatures;
        Assert.Equal(1, (await CurrentAsync(authority)).Number);
        Assert.Equal(signatures, authority.Keys.Signatures);
        Assert.Null(await authority.Services.CertificateLists.CurrentAsync("nobody", default));
    }

    [Fact]
    public async Task CurrentAsync_OfTheRoot_IsAboutAuthoritiesAndFitsItsOwnCertificate()
    {
        await using var authority = await TestAuthority.StartAsync();
        var list = CertificateList.Parse((await authority.Services.CertificateLists.CurrentAsync("root", default))!.Der);
        Assert.True(list.Fields.IssuingDistributionPoint is { OnlyAuthorityCertificates: true, FullName.Count: 0 });
        Assert.True(list.VerifySignature(authority.Ceremony.Root.PublicKey, authority.Providers));
    }

    [Fact]
    public async Task CurrentAsync_AfterARevocation_ContainsItWithItsReasonAndARisenNumber()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CurrentAsync(authority);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await RevokeAsync(authority, certificate);
        var list = await CurrentAsync(authority);
        Assert.Equal((2, 1), (list.Number, list.Count));
        var entry = list.Find(certificate.SerialNumber.Span)!.Value;
        Assert.Equal((CrlReason.KeyCompromise, authority.Time.GetUtcNow()), (entry.Reason, entry.RevocationDate));
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued)).Count);
    }

    [Fact]
    public async Task CurrentAsync_RevocationOfOneCa_LeavesTheOthersListAlone()
    {
        await using var authority = await TestAuthority.StartAsync();
        var root = await authority.Services.CertificateLists.CurrentAsync("root", default);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await RevokeAsync(authority, certificate);
        Assert.Equal(root!.Number, (await authority.Services.CertificateLists.CurrentAsync("root", default))!.Number);
    }

    [Fact]
    public async Task CurrentAsync_ManyAtOnce_SignOne()
    {
        await using var authority = await TestAuthority.StartAsync();
        var numbers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () => (await CurrentAsync(authority)).Number)));
        Assert.All(numbers, n => Assert.Equal(1, n));
    }

    [Fact]
    public async Task RefreshAsync_HalfPassed_SignsANewOne()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CurrentAsync(authority);
        authority.Time.Advance(TimeSpan.FromHours(11));
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(1, (await CurrentAsync(authority)).Number);
        authority.Time.Advance(TimeSpan.FromHours(1));
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(2, (await CurrentAsync(authority)).Number);
    }

    [Fact]
    public async Task Number_SurvivesARestartAndNeverGoesBack()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await CurrentAsync(authority);
        await RevokeAsync(authority, certificate);
        await CurrentAsync(authority);
        await authority.RestartAsync();
        // Nothing was revoked since: the stored one is served, and no key is needed for it.
        authority.Keys.IsGone = true;
        Assert.Equal(2, (await CurrentAsync(authority)).Number);
        authority.Keys.IsGone = false;
        Assert.Equal(2, (await CurrentAsync(authority)).Number);
        await RevokeAsync(authority, (await authority.AgentAsync("b.agents.test")).Certificate);
        var list = await CurrentAsync(authority);
        Assert.Equal((3, 2), (list.Number, list.Count));
    }

    [Fact]
    public async Task CurrentAsync_RevokedAndTokenGone_ServesNoListThatSaysGood()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CurrentAsync(authority);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Keys.IsGone = true;
        // Without a revocation the last list is as good as ever.
        Assert.Equal(1, (await CurrentAsync(authority)).Number);
        await RevokeAsync(authority, certificate);
        await Assert.ThrowsAsync<KeyUnavailableException>(() => CurrentAsync(authority));
        await authority.Services.CertificateLists.RefreshAsync(default);
        authority.Keys.IsGone = false;
        Assert.Equal(1, (await CurrentAsync(authority)).Count);
    }

    [Fact]
    public async Task CurrentAsync_ExpiredEntry_StaysForOneListAfterItsEnd()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await RevokeAsync(authority, certificate);
        Assert.Equal(1, (await CurrentAsync(authority)).Count);
        authority.Time.SetUtcNow(certificate.NotAfter.AddMinutes(1));
        // RFC 5280 §3.3: it appears once after its end ...
        Assert.Equal(1, (await CurrentAsync(authority)).Count);
        authority.Time.Advance(TimeSpan.FromHours(25));
        // ... and then no more.
        Assert.Equal(0, (await CurrentAsync(authority)).Count);
    }

    [Fact]
    public async Task CurrentAsync_KeyLies_PublishesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Keys.AfterSign = (_, signature) => [.. signature[..^1], (byte)(signature[^1] ^ 1)];
        await Assert.ThrowsAsync<AgentPki.Authority.Issuance.SignatureRejectedException>(() => CurrentAsync(authority));
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued));
    }

    private static async Task<CertificateList> CurrentAsync(TestAuthority authority) =>
        CertificateList.Parse((await authority.Services.CertificateLists.CurrentAsync("issuing", default))!.Der);

    private static ValueTask<AgentPki.Authority.Problems.Outcome<RevocationResult>> RevokeAsync(TestAuthority authority, Certificate certificate) =>
        RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise);
}
