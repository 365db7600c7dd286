using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
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
        var list = await CurrentAsync(authority, new CertificateListScope("root"));
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
        Assert.Same(root, await authority.Services.CertificateLists.CurrentAsync("root", default));
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
    public async Task CurrentAsync_ExpiredCertificatesOnList_StayAndTheListSaysSo()
    {
        var since = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with
        {
            CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { ExpiredSince = since } },
        });
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await RevokeAsync(authority, certificate);
        await CurrentAsync(authority);
        authority.Time.SetUtcNow(certificate.NotAfter.AddDays(40));
        await CurrentAsync(authority);
        authority.Time.Advance(TimeSpan.FromHours(25));
        var list = await CurrentAsync(authority);
        Assert.Equal((1, since), (list.Count, list.Fields.ExpiredCertificatesSince));
    }

    [Fact]
    public async Task CurrentAsync_FileGone_SignsANewOneUnderTheNextNumber()
    {
        await using var authority = await TestAuthority.StartAsync();
        var first = await authority.Services.CertificateLists.CurrentAsync("issuing", default);
        File.Delete(first!.Path);
        await authority.RestartAsync();
        Assert.Equal(2, (await CurrentAsync(authority)).Number);
    }

    [Fact]
    public async Task CurrentAsync_DatabaseSetBack_NumbersGoOnBehindThoseOfTheFiles()
    {
        await using var authority = await TestAuthority.StartAsync();
        var first = await authority.Services.CertificateLists.CurrentAsync("issuing", default);
        // What a newer database had published, and this one knows nothing of.
        File.Copy(first!.Path, Path.Combine(Path.GetDirectoryName(first.Path)!, "0000000041.crl"));
        await RevokeAsync(authority, (await authority.AgentAsync("a.agents.test")).Certificate);
        Assert.Equal(42, (await CurrentAsync(authority)).Number);
    }

    [Fact]
    public async Task CurrentAsync_ReaderGoesAway_TheListIsMadeAllTheSame()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CurrentAsync(authority);
        await RevokeAsync(authority, (await authority.AgentAsync("a.agents.test")).Certificate);
        using var leaving = new CancellationTokenSource();
        authority.Keys.BeforeSign = async _ => await leaving.CancelAsync();
        Assert.Equal(2, (await authority.Services.CertificateLists.CurrentAsync("issuing", leaving.Token))!.Record.Number);
    }

    [Fact]
    public async Task Folder_KeepsTheLastTwoOfEachAndNothingElse()
    {
        await using var authority = await TestAuthority.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await authority.Services.CertificateLists.RegenerateAsync("issuing", default);
        }

        var root = authority.Environment.CertificateListFolder!;
        Assert.Equal(["0000000004.crl", "0000000005.crl"], Directory.EnumerateFiles(Path.Combine(root, "issuing", "0")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(root, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task CurrentAsync_KeyLies_PublishesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Keys.AfterSign = (_, signature) => [.. signature[..^1], (byte)(signature[^1] ^ 1)];
        await Assert.ThrowsAsync<AgentPki.Authority.Issuance.SignatureRejectedException>(() => CurrentAsync(authority));
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.CertificateListIssued));
        Assert.Empty(Directory.EnumerateFiles(authority.Environment.CertificateListFolder!, "*", SearchOption.AllDirectories));
    }

    internal static async Task<CertificateList> CurrentAsync(TestAuthority authority, CertificateListScope? scope = null) =>
        CertificateList.Parse(await (await authority.Services.CertificateLists.CurrentAsync(scope ?? new CertificateListScope("issuing"), default))!.ReadAsync(default));

    private static ValueTask<AgentPki.Authority.Problems.Outcome<RevocationResult>> RevokeAsync(TestAuthority authority, Certificate certificate) =>
        RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise);
}
