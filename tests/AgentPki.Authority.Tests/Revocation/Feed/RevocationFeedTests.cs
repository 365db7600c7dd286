using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation.Feed;

public sealed class RevocationFeedTests
{
    [Fact]
    public async Task Feed_ARevocation_IsOneStatementSignedOnce_NamingTheCertificate()
    {
        await using var authority = await StartAsync();
        var (certificate, _) = await authority.AgentAsync("one.agents.test");
        await BeatenAsync(authority, null);
        var signatures = 0;
        authority.Keys.BeforeSign = key =>
        {
            signatures += key.Purpose == KeyPurpose.RevocationFeed ? 1 : 0;
            return Task.CompletedTask;
        };
        await RevokeAsync(authority, certificate, RevocationReason.KeyCompromise);
        var window = await SpokenAsync(authority, 1);

        var statement = Assert.IsType<RevocationEventStatement>(await VerifyAsync(authority, Assert.Single(window.Events).Jws));
        Assert.Equal((1, false, 1, 1L), (statement.Sequence, statement.IsRelease, statement.Reason, statement.Count));
        var named = Assert.Single(statement.Certificates);
        Assert.Equal(certificate.SerialNumber, named.Serial);
        Assert.Equal(certificate.AuthorityKeyIdentifier, statement.Authorities[named.Authority]);
        Assert.Equal(authority.Services.Issuers.All.Select(i => Convert.ToHexString(i.Certificate.SubjectKeyIdentifier.Span)), statement.Authorities.Select(a => Convert.ToHexString(a.Span)));
        Assert.Equal(1, signatures);
    }

    [Fact]
    public async Task Feed_HoldAndRelease_AreTwoEvents()
    {
        await using var authority = await StartAsync();
        var (certificate, _) = await authority.AgentAsync("one.agents.test");
        await RevokeAsync(authority, certificate, RevocationReason.CertificateHold);
        await SpokenAsync(authority, 1);
        await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.OneCertificate(certificate), "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        var window = await SpokenAsync(authority, 2);
        Assert.True(Assert.IsType<RevocationEventStatement>(await VerifyAsync(authority, window.Events[0].Jws)).IsHold);
        var released = Assert.IsType<RevocationEventStatement>(await VerifyAsync(authority, window.Events[1].Jws));
        Assert.True(released.IsRelease);
        Assert.Equal(certificate.SerialNumber, Assert.Single(released.Certificates).Serial);
        Assert.Equal(["revoked", "released"], window.Events.Select(e => e.Kind));
    }

    [Fact]
    public async Task Heartbeat_EveryInterval_SaysUpToWhere()
    {
        await using var authority = await StartAsync();
        var first = await BeatenAsync(authority, null);
        var second = await BeatenAsync(authority, first);
        Assert.False(authority.Services.Feed.Window.Replaced.IsCompleted); // or subscribers would run in circles
        var (one, two) = (Assert.IsType<HeartbeatStatement>(await VerifyAsync(authority, first.Jws)), Assert.IsType<HeartbeatStatement>(await VerifyAsync(authority, second.Jws)));
        Assert.Equal(one.Sequence, two.Sequence);
        Assert.True(two.Signed - one.Signed >= TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Heartbeat_ClockSetBack_GoesOn()
    {
        await using var authority = await StartAsync();
        var first = await BeatenAsync(authority, null);
        var before = authority.Time.GetUtcNow();
        authority.Time.Turn(TimeSpan.FromMinutes(-5));
        await BeatenAsync(authority, first);
        Assert.True(authority.Time.GetUtcNow() < before); // by then; it did not just wait for the clock
    }

    [Fact]
    public async Task Feed_AfterARestart_ServesWhatWasSigned_AndSpeaksOfWhatHadNoStatement()
    {
        await using var authority = await StartAsync();
        var (one, _) = await authority.AgentAsync("one.agents.test");
        var (two, _) = await authority.AgentAsync("two.agents.test");
        await RevokeAsync(authority, one, RevocationReason.Superseded);
        var before = (await SpokenAsync(authority, 1)).Events[0];

        // Stopped, and an event that nobody was told of.
        await authority.RestartAsync();
        await RevokeAsync(authority, two, RevocationReason.Superseded);
        await authority.RestartAsync();
        Assert.True(await authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken));
        var window = await SpokenAsync(authority, 2);
        Assert.Equal(before, window.Events[0]);
        Assert.Equal(two.SerialNumber, Assert.Single(Assert.IsType<RevocationEventStatement>(await VerifyAsync(authority, window.Events[1].Jws)).Certificates).Serial);
        Assert.Equal([1L, 2], (await authority.Services.Feed.ReadAsync(0, TestContext.Current.CancellationToken))!.Select(e => e.Sequence));
    }

    [Fact]
    public async Task Feed_ManyAtOnce_CommitsToASetThatHoldsThem()
    {
        await using var authority = await StartAsync();
        var certificates = new List<Certificate>();
        var credential = await authority.CredentialAsync(owner: "team-b");
        for (var i = 0; i < 70; i++)
        {
            certificates.Add((await authority.AgentAsync($"a{i}.agents.test", credential)).Certificate);
        }

        var (other, _) = await authority.AgentAsync("other.agents.test");
        await authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Selection(new RevocationSelector { Owner = "team-b" }), RevocationReason.PrivilegeWithdrawn, "admin:test", "test", "c") { Confirmed = 70 }, TestContext.Current.CancellationToken);
        var window = await SpokenAsync(authority, 1);
        var statement = Assert.IsType<RevocationEventStatement>(await VerifyAsync(authority, Assert.Single(window.Events).Jws));
        Assert.Equal(70, statement.Count);
        var stated = Assert.IsType<StatedSet>(statement.Set);

        var serving = await authority.Services.Feed.FindSetAsync(stated.Name, TestContext.Current.CancellationToken);
        Assert.True(RevocationSet.TryRead(serving!.Set.Octets, stated.Commitment, out var set, out _));
        Assert.All(certificates, c => Assert.True(set.Contains(RevocationMember.Of(c.AuthorityKeyIdentifier.Span, c.SerialNumber.Span))));
        Assert.False(set.Contains(RevocationMember.Of(other.AuthorityKeyIdentifier.Span, other.SerialNumber.Span)));

        // From the store, under its own name alone.
        await authority.RestartAsync();
        await authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(set.Octets.ToArray(), (await authority.Services.Feed.FindSetAsync(stated.Name, TestContext.Current.CancellationToken))!.Set.Octets.ToArray());
        Assert.All(new[] { "1", "1-", "1-0000000000000000", "2-" + stated.Name[2..], "", "x" }, async name => Assert.Null(await authority.Services.Feed.FindSetAsync(name, default)));
    }

    [Fact]
    public async Task Snapshot_WithRevokedHeldAndReleased_HasWhatIsNotGood()
    {
        await using var authority = await StartAsync();
        var (revoked, _) = await authority.AgentAsync("one.agents.test");
        var (held, _) = await authority.AgentAsync("two.agents.test");
        var (released, _) = await authority.AgentAsync("three.agents.test");
        await RevokeAsync(authority, revoked, RevocationReason.Superseded);
        await RevokeAsync(authority, held, RevocationReason.CertificateHold);
        await RevokeAsync(authority, released, RevocationReason.CertificateHold);
        await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.OneCertificate(released), "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        await SpokenAsync(authority, 4);

        var entry = await authority.Services.Feed.SnapshotAsync(TestContext.Current.CancellationToken);
        var snapshot = Assert.IsType<SnapshotStatement>(await VerifyAsync(authority, entry!.Jws));
        Assert.Equal((4L, 2L), (snapshot.Sequence, snapshot.Set.Commitment.Count));
        var set = (await authority.Services.Feed.FindSetAsync(snapshot.Set.Name, TestContext.Current.CancellationToken))!.Set;
        Assert.Equal([true, true, false], new[] { revoked, held, released }.Select(c => set.Contains(RevocationMember.Of(c.AuthorityKeyIdentifier.Span, c.SerialNumber.Span))));
        Assert.Same(entry, await authority.Services.Feed.SnapshotAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Read_BeforeWhatIsKept_AndAfterWhatIsThere_IsNull()
    {
        await using var authority = await StartAsync(new FeedOptions { KeptStatements = 2, WindowStatements = 1 });
        for (var i = 1; i <= 4; i++)
        {
            await RevokeAsync(authority, (await authority.AgentAsync($"a{i}.agents.test")).Certificate, RevocationReason.Superseded);
            await SpokenAsync(authority, i);
        }

        var feed = authority.Services.Feed;
        Assert.Equal([4L], feed.Window.Events.Select(e => e.Sequence));
        Assert.Null(await feed.ReadAsync(0, default));
        Assert.Null(await feed.ReadAsync(1, default));
        Assert.Equal([3L, 4], (await feed.ReadAsync(2, default))!.Select(e => e.Sequence));
        Assert.Equal([4L], (await feed.ReadAsync(3, default))!.Select(e => e.Sequence));
        Assert.Empty((await feed.ReadAsync(4, default))!);
        Assert.Null(await feed.ReadAsync(5, default));
        Assert.Null(await feed.ReadAsync(-1, default));
    }

    [Fact]
    public async Task Feed_TokenGone_IsSilent_ThenSpeaksOfEverything()
    {
        await using var authority = await StartAsync();
        var (certificate, _) = await authority.AgentAsync("one.agents.test");
        authority.Keys.BeforeSign = _ => throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(1));
        await RevokeAsync(authority, certificate, RevocationReason.Superseded);
        Assert.Equal(0, authority.Services.Feed.Window.Last);
        authority.Keys.BeforeSign = null;
        Assert.Single((await SpokenAsync(authority, 1, later: true)).Events);
    }

    [Fact]
    public async Task Signer_WhoseCertificateWasRevoked_GetsAnotherKey()
    {
        await using var authority = await StartAsync();
        var first = await SignerAsync(authority, (await BeatenAsync(authority, null)).Jws);
        Assert.Equal([Oids.RevocationFeed], first.ExtendedKeyUsages);
        await authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(first), RevocationReason.KeyCompromise, "admin:test", "test", "c", IncludeAppliance: true), TestContext.Current.CancellationToken);
        var second = await SignerAsync(authority, (await SpokenAsync(authority, 1)).Events[0].Jws);
        Assert.NotEqual(first.PublicKey, second.PublicKey);
    }

    [Fact]
    public async Task Feed_SignerCertifiedWhileTheClockWasAhead_SignsNothingBeforeItsTime()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (first, _) = await authority.AgentAsync("a.agents.test");
        var (second, _) = await authority.AgentAsync("b.agents.test");
        authority.Time.Turn(TimeSpan.FromDays(2));
        Assert.True(await authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken));
        await RevokeAsync(authority, first, RevocationReason.Superseded);
        Assert.True((await SignerAsync(authority, (await SpokenAsync(authority, 1)).Events[0].Jws)).NotBefore > authority.Time.GetUtcNow().AddDays(-1));
        authority.Time.Turn(TimeSpan.FromDays(-2));
        await RevokeAsync(authority, second, RevocationReason.Superseded);
        var signer = await SignerAsync(authority, (await SpokenAsync(authority, 2)).Events[^1].Jws);
        Assert.True(signer.IsValidAt(authority.Time.GetUtcNow()));
    }

    [Fact]
    public async Task Start_WithoutAProfile_IsNoFeed()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: AgentPki.Authority.Profiles.ProfileCatalog.Read(AgentPki.Authority.Profiles.ProfileCatalog.DefaultTexts().Where(t => t.File != "appliance-feed.yaml")));
        Assert.False(await authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken));
        Assert.Null(await authority.Services.Feed.SnapshotAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<TestAuthority> StartAsync(FeedOptions? options = null)
    {
        var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { Feed = options ?? new FeedOptions() });
        Assert.True(await authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken));
        return authority;
    }

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate, RevocationReason reason) =>
        Assert.IsType<AgentPki.Authority.Problems.Outcome<RevocationResult>.Done>(await authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(certificate), reason, "admin:test", "test", "c"), TestContext.Current.CancellationToken));

    private static async Task<FeedWindow> SpokenAsync(TestAuthority authority, long sequence, bool later = false)
    {
        while (authority.Services.Feed.Window is var window)
        {
            if (window.Last >= sequence)
            {
                return window;
            }

            await Task.WhenAny(window.Replaced, Task.Delay(20, TestContext.Current.CancellationToken));
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            authority.Time.Advance(TimeSpan.FromMilliseconds(later ? 50 : 0)); // what failed is tried again after a second
        }

        throw new InvalidOperationException();
    }

    /// <summary>The next heartbeat. Time passes in steps, because the loop may not wait yet when it passes.</summary>
    private static async Task<FeedEntry> BeatenAsync(TestAuthority authority, FeedEntry? before)
    {
        while (authority.Services.Feed.Window is var window)
        {
            if (window.Heartbeat is { } beat && beat != before)
            {
                return beat;
            }

            await Task.WhenAny(window.Replaced, Task.Delay(20, TestContext.Current.CancellationToken));
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            authority.Time.Advance(TimeSpan.FromMilliseconds(before is null ? 0 : 500));
        }

        throw new InvalidOperationException();
    }

    private static async Task<Certificate> SignerAsync(TestAuthority authority, string text)
    {
        Assert.True(CompactJws.TryParse(text, out var jws, out _));
        var chain = CertsOnly.Parse(await authority.Services.Feed.FindSignerAsync(jws.CertificateThumbprint, TestContext.Current.CancellationToken));
        Assert.Equal(authority.Ceremony.Root, chain[^1]);
        Assert.True(jws.Verify(chain[0].PublicKey, authority.Providers));
        return chain[0];
    }

    private static async Task<RevocationStatement> VerifyAsync(TestAuthority authority, string text)
    {
        await SignerAsync(authority, text);
        Assert.True(CompactJws.TryParse(text, out var jws, out _));
        Assert.Equal(RevocationStatement.JwsType, jws.Type);
        Assert.True(RevocationStatement.TryParse(jws.Payload.Span, out var statement, out var error), error);
        return statement;
    }
}
