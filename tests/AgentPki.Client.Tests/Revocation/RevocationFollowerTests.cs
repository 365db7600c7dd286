using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using AgentPki.Client.Revocation;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Client.Tests.Revocation;

public sealed class RevocationFollowerTests : IAsyncLifetime
{
    private FakeTimeProvider _clock = new();
    private FeedStub _stub = null!;
    private Certificate _one = null!;
    private Certificate _two = null!;
    private RevocationFollower? _follower;

    public async ValueTask InitializeAsync()
    {
        _stub = await FeedStub.StartAsync(new FeedOptions { KeptStatements = 3, WindowStatements = 3, SnapshotInterval = TimeSpan.Zero });
        (_one, _) = await _stub.Authority.AgentAsync("one.agents.test");
        (_two, _) = await _stub.Authority.AgentAsync("two.agents.test");
        _clock.SetUtcNow(_stub.Authority.Time.GetUtcNow());
    }

    public async ValueTask DisposeAsync()
    {
        if (_follower is not null)
        {
            await _follower.DisposeAsync();
        }

        await _stub.DisposeAsync();
    }

    [Fact]
    public async Task Check_RevokedBeforeAndAfterTheStart_HeldAndReleased_IsKnown()
    {
        await _stub.RevokeAsync(_one);
        var view = (await FollowAsync()).View;
        Assert.Equal(new RevocationStatus.Revoked(null, null, 1), view.Check(_one));
        Assert.IsType<RevocationStatus.Good>(view.Check(_two));

        await _stub.RevokeAsync(_two, RevocationReason.CertificateHold);
        await UntilAsync(() => view.Check(_two) is RevocationStatus.Held { Sequence: 2 });
        await _stub.ReleaseAsync(_two);
        await UntilAsync(() => view.Check(_two).IsGood);
        await _stub.RevokeAsync(_two, RevocationReason.Superseded);
        await UntilAsync(() => view.Check(_two) is RevocationStatus.Revoked { Reason: 4, Sequence: 4 });
        Assert.IsType<RevocationStatus.Revoked>(view.Check(_one));
    }

    [Fact]
    public async Task Check_OfAnotherCasCertificate_IsNotCovered()
    {
        await using var foreign = await TestAuthority.StartAsync();
        var (certificate, _) = await foreign.AgentAsync("x.agents.test");
        Assert.IsType<RevocationStatus.NotCovered>((await FollowAsync()).View.Check(certificate));
        Assert.IsType<RevocationStatus.NotCovered>(_follower!.View.Check(foreign.Ceremony.Root));
    }

    [Fact]
    public async Task Track_PeerThatIsRevoked_IsTold_OnlyThatOne()
    {
        var follower = await FollowAsync();
        List<RevocationChangedEventArgs> told = [];
        follower.View.Changed += (_, change) => told.Add(change);
        using var one = follower.View.Track(_one, "connection 1");
        using var two = follower.View.Track(_two, "connection 2");
        var gone = follower.View.Track(_one, "connection 3");
        gone.Dispose();
        Assert.True(one.Status.IsGood && two.Status.IsGood);
        await _stub.RevokeAsync(_one);
        await UntilAsync(() => told.Count > 0);
        Assert.Equal(["connection 1"], Assert.Single(told).Refused.Select(p => p.Tag));
        Assert.Empty(told[0].Restored);
        Assert.True(two.Status.IsGood);
    }

    [Fact]
    public async Task View_HearsNothing_FailsClosed_AndComesBack()
    {
        var follower = await FollowAsync();
        List<RevocationChangedEventArgs> told = [];
        follower.View.Changed += (_, change) => told.Add(change);
        using var peer = follower.View.Track(_one);
        _stub.IsDown = true;
        await _stub.CutAsync();
        await UntilAsync(() => told.Count == 1);
        Assert.IsType<RevocationStatus.Stale>(follower.View.Check(_one));
        Assert.IsType<RevocationStatus.Stale>(Assert.Single(told[0].Refused).Status);
        Assert.InRange(_clock.GetUtcNow() - follower.View.AsOf!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
        Assert.Contains("down", follower.Problem, StringComparison.Ordinal);

        _stub.IsDown = false;
        await UntilAsync(() => told.Count == 2);
        Assert.Same(peer, Assert.Single(told[1].Restored));
        Assert.Null(follower.Problem);
    }

    [Fact]
    public async Task Statement_Tampered_IsRefused_AndTheRealOneTakenLater()
    {
        var follower = await FollowAsync();
        _stub.Wire = entry => entry.Kind == "heartbeat" ? entry.Jws : Forge(entry.Jws);
        await _stub.RevokeAsync(_one);
        await UntilAsync(() => follower.Problem is not null);
        Assert.Contains("not signed", follower.Problem, StringComparison.Ordinal);
        Assert.Equal(0, follower.View.Sequence);
        _stub.Wire = entry => entry.Jws;
        await UntilAsync(() => follower.View.Check(_one) is RevocationStatus.Revoked);
    }

    [Fact]
    public async Task Statement_SignedWithAnAgentsKey_IsRefused()
    {
        var (agent, key) = await _stub.Authority.AgentAsync("rogue.agents.test");
        await FollowAsync();
        await _stub.CutAsync();
        _stub.Octets = (path, octets) => path.StartsWith("signers/", StringComparison.Ordinal) ? CertsOnly.Encode(agent.Der, _stub.Authority.Ceremony.Issuing.Der) : octets;
        _stub.Wire = entry => Sign(key, agent, entry);
        await UntilAsync(() => _follower!.Problem?.Contains("signer's certificate is", StringComparison.Ordinal) == true);
        await UntilAsync(() => _follower!.View.IsStale);
    }

    [Fact]
    public async Task Heartbeat_Replayed_DoesNotKeepTheViewFresh()
    {
        var follower = await FollowAsync();
        var old = _stub.Feed.Window.Heartbeat!;
        await UntilAsync(() => follower.View.AsOf > _stub.Authority.Time.GetUtcNow() - TimeSpan.FromSeconds(1) && _stub.Feed.Window.Heartbeat != old);
        var asOf = follower.View.AsOf;
        _stub.Wire = entry => entry.Kind == "heartbeat" ? old.Jws : null;
        await _stub.RevokeAsync(_one);
        await UntilAsync(() => follower.View.IsStale);
        Assert.Equal(asOf, follower.View.AsOf);
        Assert.IsType<RevocationStatus.Stale>(follower.View.Check(_one));
    }

    [Fact]
    public async Task Statement_OfASignerThatIsRevoked_IsRefused()
    {
        var (key, stolen) = await SignerAsync();
        var follower = await FollowAsync();
        await _stub.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(stolen), RevocationReason.KeyCompromise, "admin:test", "test", "c", IncludeAppliance: true), CancellationToken.None);
        await UntilAsync(() => follower.View.Sequence == 1 && !follower.View.IsStale && follower.Problem is null);

        _stub.Wire = entry => Sign(key, stolen, entry);
        await UntilAsync(() => follower.Problem?.Contains("revoked", StringComparison.Ordinal) == true);
        await UntilAsync(() => follower.View.IsStale);
    }

    [Fact]
    public async Task Feed_OfAnApplianceThatWasRestored_IsFollowedAnew_ThoughItsEventsWentBack()
    {
        var (key, signer) = await SignerAsync();
        var follower = await FollowAsync();
        await _stub.RevokeAsync(_one);
        await UntilAsync(() => follower.View.Check(_one) is RevocationStatus.Revoked);

        // As if what happened last had not been in the backup.
        _stub.Wire = entry => entry.Kind is "heartbeat" or "snapshot" ? Sign(key, signer, entry, s => s with { Feed = "restored/2", Sequence = 0 }) : null;
        await UntilAsync(() => follower.View.Sequence == 0);
        await UntilAsync(() => !follower.View.IsStale);
        Assert.True(follower.View.Check(_two).IsGood);
        Assert.Equal(new RevocationStatus.Revoked(null, null, 0), follower.View.Check(_one)); // by the snapshot
    }

    [Fact]
    public async Task Set_NotKeptAnyMore_IsReplacedByANewSnapshot()
    {
        var team = await _stub.Authority.CredentialAsync(owner: "team-b");
        List<Certificate> members = [];
        for (var i = 0; i < 70; i++)
        {
            members.Add((await _stub.Authority.AgentAsync($"b{i}.agents.test", team)).Certificate);
        }

        var follower = await FollowAsync(options => options with { WholeSetOctets = 0 });
        _stub.IsForgotten = path => path.StartsWith("sets/1-", StringComparison.Ordinal);
        await _stub.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Selection(new RevocationSelector { Owner = "team-b" }), RevocationReason.PrivilegeWithdrawn, "admin:test", "test", "c") { Confirmed = 70 }, CancellationToken.None);
        await UntilAsync(() => follower.View.Check(members[3]) is RevocationStatus.Revoked { Sequence: 1 });
        await UntilAsync(() => follower.View.Check(_one).IsGood && follower.Problem is null);
    }

    [Fact]
    public async Task Follower_Crowded_WhileTheSnapshotIsOld_GoesOnFollowing()
    {
        await using var stub = _stub;
        _stub = await FeedStub.StartAsync(new FeedOptions { SnapshotInterval = TimeSpan.FromHours(1) });
        _clock = new FakeTimeProvider(_stub.Authority.Time.GetUtcNow());
        var follower = await FollowAsync(options => options with { MostSinceSnapshot = 1 });
        for (var i = 1; i <= 4; i++)
        {
            var (certificate, _) = await _stub.Authority.AgentAsync($"c{i}.agents.test");
            await _stub.RevokeAsync(certificate);
            await UntilAsync(() => follower.View.Check(certificate) is RevocationStatus.Revoked);
            Assert.False(follower.View.IsStale);
        }

        Assert.True(_stub.Asked.Count(p => p == "snapshot") > 1);
    }

    [Fact]
    public async Task View_HearsEventsAlone_IsAsFreshAsTheLastOfThem()
    {
        var follower = await FollowAsync();
        _stub.Wire = entry => entry.Kind == "heartbeat" ? null : entry.Jws;
        for (var i = 1; i <= 4; i++)
        {
            for (var step = 0; step < 4; step++)
            {
                await PassAsync(TimeSpan.FromSeconds(5));
            }

            await _stub.RevokeAsync((await _stub.Authority.AgentAsync($"e{i}.agents.test")).Certificate);
            await UntilAsync(() => follower.View.Sequence == i);
            Assert.False(follower.View.IsStale);
        }

        Assert.True(follower.View.Check(_one).IsGood);
    }

    [Fact]
    public async Task Taken_HandlerThatThrows_DoesNotEndTheFollower()
    {
        var follower = await FollowAsync();
        follower.Taken += static (_, _) => throw new InvalidOperationException("a handler's fault (test)");
        await UntilAsync(() => follower.Problem?.Contains("handler", StringComparison.Ordinal) == true);
        await _stub.RevokeAsync(_one);
        await UntilAsync(() => follower.View.Check(_one) is RevocationStatus.Revoked);
    }

    [Fact]
    public async Task Event_Withheld_IsAGap_AndFetchedAgain()
    {
        var follower = await FollowAsync();
        var withheld = 0;
        _stub.Wire = entry => entry.Sequence == 1 && entry.Kind == "revoked" && withheld++ == 0 ? null : entry.Jws;
        await _stub.RevokeAsync(_one);
        await _stub.RevokeAsync(_two);
        await UntilAsync(() => follower.View.Sequence == 2);
        Assert.IsType<RevocationStatus.Revoked>(follower.View.Check(_one));
        Assert.IsType<RevocationStatus.Revoked>(follower.View.Check(_two));
    }

    [Fact]
    public async Task Follower_AwayForMoreThanIsKept_TakesTheSnapshot()
    {
        var follower = await FollowAsync();
        _stub.IsDown = true;
        await _stub.CutAsync();
        await _stub.RevokeAsync(_one);
        for (var i = 0; i < 5; i++)
        {
            await _stub.RevokeAsync((await _stub.Authority.AgentAsync($"more{i}.agents.test")).Certificate);
        }

        await UntilAsync(() => _stub.Feed.Window.Last == 6);
        _stub.IsDown = false;
        await UntilAsync(() => follower.View.Sequence == 6 && !follower.View.IsStale);
        Assert.IsType<RevocationStatus.Revoked>(follower.View.Check(_one));
        Assert.Equal(2, _stub.Asked.Count(p => p == "snapshot"));
    }

    [Fact]
    public async Task Clock_FarBehindTheAppliances_RefusesAndSaysSo()
    {
        _clock = new FakeTimeProvider(_stub.Authority.Time.GetUtcNow().AddMinutes(-1));
        _follower = Follower();
        await UntilAsync(() => _follower.Problem?.Contains("clock", StringComparison.Ordinal) == true);
        Assert.True(_follower.View.IsStale);
        Assert.False(_follower.View.Check(_one).IsGood);
    }

    [Fact]
    public async Task Clock_FarAheadOfTheAppliances_IsStale()
    {
        _clock.SetUtcNow(_stub.Authority.Time.GetUtcNow().AddMinutes(1));
        _follower = Follower();
        await UntilAsync(() => _follower.View.AsOf is not null);
        Assert.True(_follower.View.IsStale);
        Assert.IsType<RevocationStatus.Stale>(_follower.View.Check(_one));
    }

    [Fact]
    public async Task Set_OfManyCertificates_PeersFetchTheirBucketsAlone()
    {
        var team = await _stub.Authority.CredentialAsync(owner: "team-b");
        List<Certificate> members = [];
        for (var i = 0; i < 300; i++)
        {
            members.Add((await _stub.Authority.AgentAsync($"b{i}.agents.test", team)).Certificate);
        }

        var follower = await FollowAsync(options => options with { WholeSetOctets = 0 });
        List<RevocationChangedEventArgs> told = [];
        follower.View.Changed += (_, change) => told.Add(change);
        using var member = follower.View.Track(members[7]);
        using var other = follower.View.Track(_one);
        await _stub.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Selection(new RevocationSelector { Owner = "team-b" }), RevocationReason.PrivilegeWithdrawn, "admin:test", "test", "c") { Confirmed = 300 }, CancellationToken.None);
        await UntilAsync(() => told.Count == 1);
        Assert.Same(member, Assert.Single(told[0].Refused));
        Assert.True(other.Status.IsGood);

        // Of one that is not tracked, the bucket is wanted first, if no peer's was the same.
        var unseen = members.First(m => follower.View.Check(m) is RevocationStatus.NotKnown);
        _stub.Octets = (_, octets) => [.. octets[..^1], (byte)(octets[^1] ^ 1)];
        Assert.IsType<RevocationStatus.NotKnown>(await follower.View.CheckAsync(unseen, TestContext.Current.CancellationToken));
        _stub.Octets = (_, octets) => octets;
        Assert.Equal((9, 1L), await follower.View.CheckAsync(unseen, TestContext.Current.CancellationToken) is RevocationStatus.Revoked revoked ? (revoked.Reason, revoked.Sequence) : default);
        Assert.All(members, m => Assert.False(follower.View.Check(m).IsGood));
        Assert.True((await follower.View.CheckAsync(_two, TestContext.Current.CancellationToken)).IsGood);
    }

    private async Task<RevocationFollower> FollowAsync(Func<RevocationFollowerOptions, RevocationFollowerOptions>? with = null)
    {
        _follower = Follower(with);
        await UntilAsync(() => !_follower.View.IsStale);
        return _follower;
    }

    private RevocationFollower Follower(Func<RevocationFollowerOptions, RevocationFollowerOptions>? with = null)
    {
        var options = new RevocationFollowerOptions(new Uri("http://pki.test:8080"), [_stub.Authority.Ceremony.Root]);
        return new RevocationFollower(with?.Invoke(options) ?? options, _clock, _stub.Authority.Providers, _stub.Handler());
    }

    /// <summary>Lets both clocks run until something is so.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        for (var round = 0; !condition(); round++)
        {
            Assert.True(round < 4000, $"it did not come to that; the follower's problem: {_follower?.Problem}");
            await PassAsync(TimeSpan.FromMilliseconds(100));
        }
    }

    // Time passes slowly while the follower is behind what it could have heard: the machine may be busy, and that is not what is tested.
    private async Task PassAsync(TimeSpan time)
    {
        await Task.Delay(3, TestContext.Current.CancellationToken);
        for (var held = 0; held < 50 && _stub.IsHonest && _follower?.View is { IsStale: false, AsOf: { } asOf } && _clock.GetUtcNow() - asOf > TimeSpan.FromSeconds(10); held++)
        {
            await Task.Delay(3, TestContext.Current.CancellationToken);
        }

        _clock.Advance(time);
        _stub.Authority.Time.Advance(time);
    }

    private static string Forge(string text)
    {
        var parts = text.Split('.');
        var payload = System.Text.Encoding.UTF8.GetString(JoseBase64.Decode(System.Text.Encoding.ASCII.GetBytes(parts[1]))!).Replace("\"reason\":1", "\"reason\":6", StringComparison.Ordinal);
        return $"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(payload))}.{parts[2]}";
    }

    /// <summary>The key that signs the feed now, as a thief would have it, and its certificate.</summary>
    private async Task<(Cryptography.ISigningKey Key, Certificate Certificate)> SignerAsync()
    {
        Cryptography.ISigningKey? key = null;
        _stub.Authority.Keys.BeforeSign = signing =>
        {
            key ??= signing.Purpose == Cryptography.KeyPurpose.RevocationFeed ? signing : null;
            return Task.CompletedTask;
        };
        await UntilAsync(() => key is not null && _stub.Feed.Window.Heartbeat is not null);
        Assert.True(CompactJws.TryParse(_stub.Feed.Window.Heartbeat!.Jws, out var jws, out _));
        var certificate = CertsOnly.Parse((await _stub.Feed.FindSignerAsync(jws.CertificateThumbprint, CancellationToken.None))!)[0];
        Assert.Equal(certificate.PublicKey, key!.PublicKey);
        return (key, certificate);
    }

    private static string Sign(Cryptography.ISigningKey key, Certificate certificate, FeedEntry entry, Func<RevocationStatement, RevocationStatement>? change = null)
    {
        Assert.True(CompactJws.TryParse(entry.Jws, out var jws, out _));
        Assert.True(RevocationStatement.TryParse(jws.Payload.Span, out var statement, out _));
        var payload = change is null ? jws.Payload : change(statement).Encode();
        return CompactJws.SignAsync(key, RevocationStatement.JwsType, certificate.Fingerprint(), payload, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }
}
