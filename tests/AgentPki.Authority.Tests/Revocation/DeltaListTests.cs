using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class DeltaListTests
{
    private static readonly CertificateListScope Delta = new("issuing", 0, IsDelta: true);

    private static readonly AuthorityOptions WithDeltas = TestAuthority.DefaultOptions with
    {
        CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { DeltaValidity = TimeSpan.FromHours(1) } },
    };

    [Fact]
    public async Task Delta_AfterARevocation_HasWhatTheBaseLacksAndSharesItsSequence()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        var early = await RevokedAsync(authority, "a.agents.test");
        var complete = await CertificateListTests.CurrentAsync(authority);
        Assert.Equal("http://pki.test:8080/delta-crl/issuing.crl", ((GeneralName.Uri)Assert.Single(Assert.Single(complete.Fields.FreshestPoints).FullName)).Value);
        authority.Time.Advance(TimeSpan.FromMinutes(1));
        var late = await RevokedAsync(authority, "b.agents.test");

        var delta = await CertificateListTests.CurrentAsync(authority, Delta);

        Assert.Equal((complete.Number, complete.Number + 1), (BaseOf(delta), delta.Number));
        Assert.Null(delta.Find(early.SerialNumber.Span));
        Assert.Equal(CrlReason.Superseded, delta.Find(late.SerialNumber.Span)!.Value.Reason);
        // RFC 5280 §5.2.4: the same scope, and no delta of a delta.
        Assert.Equal(complete.Fields.IssuingDistributionPoint!.ToExtension(), delta.Fields.IssuingDistributionPoint!.ToExtension());
        Assert.Empty(delta.Fields.FreshestPoints);
        Assert.Equal(TimeSpan.FromHours(1), delta.NextUpdate - delta.ThisUpdate);
        Assert.True(delta.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
        var next = await CertificateListTests.CurrentAsync(authority);
        Assert.Equal((delta.Number + 1, 2), (next.Number, next.Count));
    }

    [Fact]
    public async Task Delta_HeldAndReleased_SaysHoldAndThenRemoveFromCrl()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await CertificateListTests.CurrentAsync(authority);
        var target = new RevocationTarget.OneCertificate(certificate);

        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.CertificateHold));
        Assert.Equal(CrlReason.CertificateHold, (await CertificateListTests.CurrentAsync(authority, Delta)).Find(certificate.SerialNumber.Span)!.Value.Reason);
        Assert.Equal(CrlReason.CertificateHold, (await CertificateListTests.CurrentAsync(authority)).Find(certificate.SerialNumber.Span)!.Value.Reason);

        RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(target, "admin:x", "admin", "c"), default));
        Assert.Equal(CrlReason.RemoveFromCrl, (await CertificateListTests.CurrentAsync(authority, Delta)).Find(certificate.SerialNumber.Span)!.Value.Reason);
        Assert.Null((await CertificateListTests.CurrentAsync(authority)).Find(certificate.SerialNumber.Span));

        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.KeyCompromise));
        Assert.Equal(CrlReason.KeyCompromise, (await CertificateListTests.CurrentAsync(authority, Delta)).Find(certificate.SerialNumber.Span)!.Value.Reason);
    }

    [Fact]
    public async Task Delta_InvalidSince_IsAnEntryExtensionOfBoth()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        await CertificateListTests.CurrentAsync(authority);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var since = authority.Time.GetUtcNow().AddDays(-3);
        RevocationTests.Done(await authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:x", "admin", "c") { InvalidSince = since }, default));
        Assert.Equal(since, (await CertificateListTests.CurrentAsync(authority, Delta)).Find(certificate.SerialNumber.Span)!.Value.InvalidityDate);
        Assert.Equal(since, (await CertificateListTests.CurrentAsync(authority)).Find(certificate.SerialNumber.Span)!.Value.InvalidityDate);
    }

    [Fact]
    public async Task Delta_CompletesEveryCompleteListThatIsStillValid()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        var issued = new List<Certificate>();
        var held = new List<CertificateList>();
        // Every hour for two days somebody takes the complete list of the hour.
        for (var hour = 0; hour < 48; hour++)
        {
            issued.Add(await RevokedAsync(authority, $"a{hour}.agents.test"));
            held.Add(await CertificateListTests.CurrentAsync(authority));
            authority.Time.Advance(TimeSpan.FromHours(1));
        }

        var delta = await CertificateListTests.CurrentAsync(authority, Delta);

        var valid = held.Where(l => l.NextUpdate > authority.Time.GetUtcNow()).ToList();
        Assert.True(valid.Count > 10);
        foreach (var list in valid)
        {
            Assert.True(BaseOf(delta) <= list.Number && list.Number < delta.Number);
            var together = list.Entries.Concat(delta.Entries).Select(e => Convert.ToHexString(e.SerialNumber.Span)).ToHashSet();
            // What ended before the list was made is on it no more.
            Assert.All(issued.Where(c => c.NotAfter > list.ThisUpdate), c => Assert.Contains(Convert.ToHexString(c.SerialNumber.Span), together));
        }
    }

    [Fact]
    public async Task Delta_TokenGone_IsNotServedWithoutTheRevocation()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        await CertificateListTests.CurrentAsync(authority, Delta);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Keys.IsGone = true;
        await CertificateListTests.CurrentAsync(authority, Delta);
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => CertificateListTests.CurrentAsync(authority, Delta));
        authority.Keys.IsGone = false;
        Assert.Equal(1, (await CertificateListTests.CurrentAsync(authority, Delta)).Count);
    }

    [Fact]
    public async Task Delta_OfACaThatMakesNone_IsNotThere()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        Assert.Null(await authority.Services.CertificateLists.CurrentAsync(new CertificateListScope("root", 0, IsDelta: true), default));
        Assert.Empty((await CertificateListTests.CurrentAsync(authority, new CertificateListScope("root"))).Fields.FreshestPoints);
    }

    [Fact]
    public async Task RefreshAsync_DeltaHalfPassed_SignsTheNextBeforeItEnds()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        await authority.Services.CertificateLists.RefreshAsync(default);
        var first = await CertificateListTests.CurrentAsync(authority, Delta);
        authority.Time.Advance(TimeSpan.FromMinutes(31));
        await authority.Services.CertificateLists.RefreshAsync(default);
        authority.Keys.IsGone = true;
        var second = await CertificateListTests.CurrentAsync(authority, Delta);
        Assert.Equal(first.Number + 1, second.Number);
        Assert.True(second.NextUpdate > first.NextUpdate);
    }

    private static async Task<Certificate> RevokedAsync(TestAuthority authority, string name)
    {
        var (certificate, _) = await authority.AgentAsync(name);
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        return certificate;
    }

    private static long BaseOf(CertificateList delta) => delta.Fields.BaseNumber.Span.ToArray().Aggregate(0L, (value, octet) => (value << 8) | octet);
}
