using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using Xunit;

namespace AgentPki.Client.Tests.Peers;

/// <summary>What goes wrong around a gate: clocks that are turned, servers that hang, are slow or talk nonsense, issuers that are revoked.</summary>
public sealed class PeerGateFaultTests : IAsyncLifetime
{
    private PeerWorld _world = null!;
    private int _cuts;

    public async ValueTask InitializeAsync() => _world = await PeerWorld.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Clock_SetBackAfterTheViewWasCurrent_FailsClosed_UntilItIsRightAgain()
    {
        await using var gate = await _world.GateAsync();
        var agent = _world.Agent("a/one");
        var peer = await AdmittedAsync(gate, agent);
        _world.Clock.Turn(TimeSpan.FromMinutes(-30));
        Assert.True(gate.Follower.View.IsStale);
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.CannotTell);
        Assert.Equal(RefusalKind.CannotTell, (await RefusedAsync(gate, agent)).Kind);
        _world.Clock.Turn(TimeSpan.FromMinutes(30));
        await _world.UntilAsync(() => !gate.Follower.View.IsStale);
        await AdmittedAsync(gate, agent);
    }

    [Fact]
    public async Task Clock_SetBackByLittle_MakesNoSilenceShorter()
    {
        await using var gate = await _world.GateAsync();
        await _world.PassAsync(gate, TimeSpan.FromSeconds(5));
        await _world.CutFeedAsync();
        _world.Clock.Advance(TimeSpan.FromSeconds(20));
        _world.Clock.Turn(TimeSpan.FromSeconds(-20));
        Assert.False(gate.Follower.View.IsStale);
        _world.Clock.Advance(TimeSpan.FromSeconds(12));
        Assert.True(gate.Follower.View.IsStale);
    }

    [Fact]
    public async Task Clock_SetBack_MakesNoListYounger_AndNoServerSilentForLonger()
    {
        (_world.FeedIsDown, _world.CrlIsDown) = (true, false);
        await using var gate = await _world.GateAsync(RevocationSource.Crl);
        await AdmittedAsync(gate, _world.Agent("a/one"));
        _world.CrlIsDown = true;
        _world.Clock.Turn(TimeSpan.FromMinutes(-30));
        _world.Clock.Advance(TimeSpan.FromSeconds(31));
        await RefusedAsync(gate, _world.Agent("a/one"));
        _world.CrlIsDown = false;
        _world.Clock.Turn(TimeSpan.FromMinutes(-5));
        _world.Clock.Advance(TimeSpan.FromSeconds(4));
        await AdmittedAsync(gate, _world.Agent("a/one"));
    }

    [Fact]
    public async Task Admit_IssuerRevokedBeforeTheStart_InASetTooLargeForTheWhole_IsRefused()
    {
        _world.BeginWith(_world.IssuingCertificate);
        await using var gate = await _world.GateAsync();
        var refusal = await RefusedAsync(gate, _world.Agent("a/one"));
        Assert.Equal(RefusalKind.Revoked, refusal.Kind);
        Assert.Contains("issuer", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admit_PeerRevokedBeforeTheStart_InASetTooLargeForTheWhole_OnlyThatOneIsRefused()
    {
        var (bad, good) = (_world.Agent("a/bad"), _world.Agent("a/good"));
        _world.BeginWith(bad);
        await using var gate = await _world.GateAsync();
        Assert.Equal(RefusalKind.Revoked, (await RefusedAsync(gate, bad)).Kind);
        await AdmittedAsync(gate, good);
        _world.SetsHang = true;
        await AdmittedAsync(gate, good);
    }

    [Theory]
    [InlineData(RevocationSource.Crl)]
    [InlineData(RevocationSource.Ocsp)]
    public async Task Admit_IssuerRevokedByItsRootsCrl_IsRefused(RevocationSource source)
    {
        (_world.FeedIsDown, _world.CrlIsDown, _world.OcspIsDown) = (true, false, false);
        await using var gate = await _world.GateAsync(source);
        var agent = _world.Agent("a/one");
        await AdmittedAsync(gate, agent);
        await _world.RevokeAsync(_world.IssuingCertificate);
        _world.Clock.Advance(TimeSpan.FromSeconds(31));
        var refusal = await RefusedAsync(gate, agent);
        Assert.Equal(RefusalKind.Revoked, refusal.Kind);
        Assert.Contains("issuer", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admit_NobodyTellsOfTheIssuer_IsRefused()
    {
        (_world.FeedIsDown, _world.OcspIsDown, _world.RootCrlIsDown) = (true, false, true);
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var refusal = await RefusedAsync(gate, _world.Agent("a/one"));
        Assert.Equal(RefusalKind.CannotTell, refusal.Kind);
        Assert.Contains("issuer", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_CutsItsOpenConnections_AndNoOthers()
    {
        await using var gate = await _world.GateAsync();
        var (bad, good) = (_world.Agent("a/bad"), _world.Agent("a/good"));
        var (cut, kept) = (await AdmittedAsync(gate, bad), await AdmittedAsync(gate, good));
        await _world.RevokeSetAsync(bad);
        await PeerWorld.AtOnceAsync(() => cut.Refusal?.Kind == RefusalKind.Revoked);
        Assert.Null(kept.Refusal);
        Assert.Equal(1, _cuts);
        await AdmittedAsync(gate, good);
    }

    [Fact]
    public async Task Set_WhoseBucketsDoNotCome_HoldsUpNoEventBehindIt()
    {
        await using var gate = await _world.GateAsync();
        var agent = _world.AgentApart("a/one");
        var (peer, other) = (await AdmittedAsync(gate, agent), await AdmittedAsync(gate, _world.AgentApart("a/two")));
        _world.SetsHang = true;
        await _world.RevokeSetAsync();
        await _world.RevokeAsync(agent);
        await PeerWorld.AtOnceAsync(() => peer.Refusal?.Kind == RefusalKind.Revoked);
        Assert.Null(other.Refusal);

        // Of whom nobody can tell for as long as staleness is tolerated is not good.
        await _world.UntilAsync(() => other.Refusal?.Kind == RefusalKind.CannotTell);
    }

    [Fact]
    public async Task Silence_WhileBucketsDoNotCome_CutsWithoutWaitingForThem()
    {
        await using var gate = await _world.GateAsync();
        var peer = await AdmittedAsync(gate, _world.AgentApart("a/one"));
        _world.SetsHang = true;
        await _world.RevokeSetAsync();
        await PeerWorld.AtOnceAsync(() => gate.Follower.View.Sequence == 1);
        await _world.CutFeedAsync();
        _world.Clock.Advance(TimeSpan.FromSeconds(32));
        await PeerWorld.AtOnceAsync(() => peer.Refusal?.Kind == RefusalKind.CannotTell);
    }

    [Fact]
    public async Task Admit_ServersThatAnswerNonsense_AreLeftAloneForAWhile()
    {
        (_world.FeedIsDown, _world.OcspIsDown, _world.CrlIsDown) = (true, false, false);
        (_world.OcspStatus, _world.CrlGarbage) = (HttpStatusCode.InternalServerError, new byte[100]);
        await using var gate = await _world.GateAsync(RevocationSource.Ocsp, RevocationSource.Crl);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(RefusalKind.CannotTell, (await RefusedAsync(gate, _world.Agent($"a/{i}"))).Kind);
        }

        Assert.Equal((1, 1), (_world.OcspQuestions, _world.CrlQuestions));
        _world.Clock.Advance(TimeSpan.FromSeconds(4));
        _world.OcspStatus = HttpStatusCode.OK;
        _world.Nonce = _ => new byte[32];
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(RefusalKind.CannotTell, (await RefusedAsync(gate, _world.Agent($"b/{i}"))).Kind);
        }

        Assert.Equal((2, 2), (_world.OcspQuestions, _world.CrlQuestions));
        _world.Clock.Advance(TimeSpan.FromSeconds(4));
        _world.Nonce = static nonce => nonce;
        await AdmittedAsync(gate, _world.Agent("c/one"));
    }

    [Fact]
    public async Task Silence_WithAResponderThatIsSlow_CutsAllOfWhomItHasNotToldInAFewTimeouts()
    {
        _world.OcspIsDown = false;
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        for (var i = 0; i < 100; i++)
        {
            await AdmittedAsync(gate, _world.Agent($"a/{i}"));
        }

        // Sixteen at a time, four times 2.9 seconds: 64 at most are told of in twelve.
        _world.OcspTakes = TimeSpan.FromSeconds(2.9);
        await _world.CutFeedAsync();
        await _world.UntilAsync(() => Volatile.Read(ref _cuts) >= 36);
    }

    [Fact]
    public async Task Recheck_WhomTheFeedVouchedForJustBeforeItFellSilent_IsAskedAboutToo()
    {
        _world.OcspIsDown = false;
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var agent = _world.Agent("a/one");
        var peer = await AdmittedAsync(gate, agent);
        await _world.CutFeedAsync();
        await _world.UntilAsync(() => peer.Source != RevocationSource.Feed);
        peer.Source = RevocationSource.Feed; // as the admission says that lost the race
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.Revoked);
    }

    [Fact]
    public async Task Silence_ManyConnectionsOfOnePeer_AreOneQuestion()
    {
        _world.OcspIsDown = false;
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var agent = _world.Agent("a/one");
        var peers = new[] { await AdmittedAsync(gate, agent), await AdmittedAsync(gate, agent), await AdmittedAsync(gate, agent) };
        await _world.CutFeedAsync();
        _world.Clock.Advance(TimeSpan.FromSeconds(32));
        await PeerWorld.AtOnceAsync(() => peers.All(p => p.Source != RevocationSource.Feed));
        Assert.InRange(_world.OcspQuestions, 1, 2); // the pass, and perhaps the look that comes every 30 seconds
    }

    private async Task<Peer> AdmittedAsync(PeerGate gate, X509Certificate2 certificate) => Assert.IsType<Admission.Admitted>(
        await gate.AdmitAsync(certificate.RawData, [_world.Issuing.Der], PeerDemand.Client(), () => Interlocked.Increment(ref _cuts), TestContext.Current.CancellationToken)).Peer;

    private async Task<PeerRefusal> RefusedAsync(PeerGate gate, X509Certificate2 certificate) => Assert.IsType<Admission.Refused>(
        await gate.AdmitAsync(certificate.RawData, [_world.Issuing.Der], PeerDemand.Client(), () => { }, TestContext.Current.CancellationToken)).Refusal;
}
