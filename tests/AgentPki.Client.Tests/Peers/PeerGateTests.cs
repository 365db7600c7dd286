using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Client.Tests.Peers;

public sealed class PeerGateTests : IAsyncLifetime
{
    private PeerWorld _world = null!;
    private int _cuts;
    private int _others;

    public async ValueTask InitializeAsync() => _world = await PeerWorld.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Admit_GoodThenRevoked_IsCutOnce_AndNotLetInAgain()
    {
        await using var gate = await _world.GateAsync();
        var (agent, other) = (_world.Agent("a/one"), _world.Agent("a/two"));
        var peer = await AdmittedAsync(gate, agent);
        var left = await AdmittedAsync(gate, other, () => Interlocked.Increment(ref _others));
        Assert.Equal("spiffe://agents.test/a/one", peer.SpiffeId?.ToString());
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => peer.Refusal is not null);
        Assert.Equal((1, RefusalKind.Revoked, 1L), (_cuts, peer.Refusal!.Kind, gate.CutConnections));
        Assert.Equal(RefusalKind.Revoked, gate.Judge(agent.RawData, [_world.Issuing.Der], PeerDemand.Client())?.Kind);
        Assert.Equal(RefusalKind.Revoked, (await RefusedAsync(gate, agent)).Kind);
        Assert.Null(left.Refusal);
        Assert.Equal(0, _others);
        peer.Dispose();
        Assert.Equal(1, gate.OpenConnections);
    }

    [Fact]
    public async Task Judge_CriticalPolicy_IsRefused_UnlessTheApplicationHeedsIt()
    {
        await using var gate = await _world.GateAsync();
        await using var heeding = new PeerGate(new PeerGateOptions(new Uri(PeerWorld.Server), [_world.Root]) { HeededPolicy = AgentPolicyDer.DefaultOid }, _world.Clock, handler: _world.Handler);
        var agent = _world.Agent("a/one", more: new X509Extension(AgentPolicyDer.DefaultOid, AgentPolicy.Nothing.Encode(), critical: true));
        var other = _world.Agent("a/two", more: new X509Extension("1.3.6.1.4.1.32473.9", [5, 0], critical: true));

        Assert.Equal(RefusalKind.Untrusted, gate.Judge(agent.RawData, [_world.Issuing.Der], PeerDemand.Client())?.Kind);
        Assert.Null(heeding.Judge(agent.RawData, [_world.Issuing.Der], PeerDemand.Client()));
        Assert.Equal(RefusalKind.Untrusted, heeding.Judge(other.RawData, [_world.Issuing.Der], PeerDemand.Client())?.Kind);
    }

    [Fact]
    public async Task Admit_HeldAndReleased_IsCutAndLetInAgain()
    {
        await using var gate = await _world.GateAsync();
        var agent = _world.Agent("a/one");
        var peer = await AdmittedAsync(gate, agent);
        await _world.HoldAsync(agent);
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.Held);
        Assert.Equal(RefusalKind.Held, (await RefusedAsync(gate, agent)).Kind);
        await _world.ReleaseAsync(agent);
        await _world.UntilAsync(() => gate.Judge(agent.RawData, [], PeerDemand.Client()) is null);
        Assert.Null((await AdmittedAsync(gate, agent)).Refusal);
    }

    [Fact]
    public async Task Admit_IssuerRevoked_CutsAllBelowIt()
    {
        await using var gate = await _world.GateAsync();
        var peers = new[] { await AdmittedAsync(gate, _world.Agent("a/one")), await AdmittedAsync(gate, _world.Agent("b/two")) };
        await _world.RevokeAsync(_world.IssuingCertificate);
        await _world.UntilAsync(() => peers.All(p => p.Refusal is { Kind: RefusalKind.Revoked }));
        Assert.Contains("issuer", (await RefusedAsync(gate, _world.Agent("c/three"))).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admit_FeedAloneAndSilent_FailsClosed_AndOpenConnectionsAreCut()
    {
        await using var gate = await _world.GateAsync();
        var agent = _world.Agent("a/one");
        var peer = await AdmittedAsync(gate, agent);
        await _world.CutFeedAsync();
        await _world.PassAsync(gate, TimeSpan.FromSeconds(20));
        Assert.Null(peer.Refusal);
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.CannotTell);
        Assert.Contains("last heard", (await RefusedAsync(gate, agent)).Detail, StringComparison.Ordinal);
        _world.FeedIsDown = false;
        await _world.UntilAsync(() => !gate.Follower.View.IsStale);
        await AdmittedAsync(gate, agent);
    }

    [Fact]
    public async Task Admit_FeedSilent_OcspBehindIt_GoesOn_UntilOcspSaysRevoked()
    {
        _world.OcspIsDown = false;
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var agent = _world.Agent("a/one");
        var peer = await AdmittedAsync(gate, agent);
        Assert.Equal(0, _world.OcspQuestions);
        await _world.CutFeedAsync();
        await _world.UntilAsync(() => _world.OcspQuestions > 0);
        Assert.Null(peer.Refusal);
        await AdmittedAsync(gate, _world.Agent("a/two"));
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.Revoked);
    }

    [Fact]
    public async Task Admit_OcspRepeatsAnotherNonce_IsNotBelieved()
    {
        (_world.FeedIsDown, _world.OcspIsDown) = (true, false);
        _world.Nonce = _ => new byte[32];
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var refusal = await RefusedAsync(gate, _world.Agent("a/one"));
        Assert.Equal(RefusalKind.CannotTell, refusal.Kind);
        Assert.Contains("nonce", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admit_OnlyTheCrlAnswers_TellsByIt()
    {
        (_world.FeedIsDown, _world.CrlIsDown) = (true, false);
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp, RevocationSource.Crl);
        var (good, bad) = (_world.Agent("a/one"), _world.Agent("a/two"));
        await _world.RevokeAsync(bad);
        await AdmittedAsync(gate, good);
        Assert.Equal(RefusalKind.Revoked, (await RefusedAsync(gate, bad)).Kind);
        _world.CrlIsDown = true;
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(RefusalKind.CannotTell, (await RefusedAsync(gate, good)).Kind);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Admit_HundredsWithSilentServers_AreAllCut_WithoutAskingForEach()
    {
        await using var gate = await _world.GateAsync(RevocationSource.Feed, RevocationSource.Ocsp);
        var agent = _world.Agent("a/one");
        for (var i = 0; i < 300; i++)
        {
            await AdmittedAsync(gate, agent);
        }

        await _world.CutFeedAsync();
        await _world.UntilAsync(() => Volatile.Read(ref _cuts) == 300);
    }

    [Fact]
    public async Task Admit_CertificateEnds_CutsItsConnections()
    {
        await using var gate = await _world.GateAsync();
        var peer = await AdmittedAsync(gate, _world.Agent("a/short", TimeSpan.FromMinutes(2)));
        await _world.PassAsync(gate, TimeSpan.FromMinutes(1));
        Assert.Null(peer.Refusal);
        await _world.PassAsync(gate, TimeSpan.FromMinutes(1));
        await _world.UntilAsync(() => peer.Refusal?.Kind == RefusalKind.Untrusted);
    }

    [Theory]
    [InlineData("spiffe://agents.test/a/*", RefusalKind.NotAllowed)]
    [InlineData("spiffe://other.test/*", RefusalKind.NotAllowed)]
    [InlineData("spiffe://agents.test/ab/*", null)]
    [InlineData("spiffe://agents.test/*", null)]
    public async Task Judge_Policy_IsByWholeSegments(string pattern, RefusalKind? expected)
    {
        await using var gate = await _world.GateAsync();
        Assert.Equal(expected, gate.Judge(_world.Agent("ab/one").RawData, [_world.Issuing.Der], PeerDemand.Client(SpiffeIdPattern.Parse(pattern)))?.Kind);
    }

    [Fact]
    public async Task Judge_StrangerOrGarbage_IsRefused()
    {
        await using var gate = await _world.GateAsync();
        await using var elsewhere = await PeerWorld.CreateAsync();
        Assert.Equal(RefusalKind.Untrusted, gate.Judge(elsewhere.Agent("a/one").RawData, [elsewhere.Issuing.Der, elsewhere.Root.Der], PeerDemand.Client())?.Kind);
        Assert.Equal(RefusalKind.Unreadable, gate.Judge(new byte[] { 0x30, 0 }, [], PeerDemand.Client())?.Kind);
        Assert.Equal(RefusalKind.Untrusted, gate.Judge(_world.Issuing.Der, [], PeerDemand.Client())?.Kind);
    }

    [Fact]
    public void Options_ThatCannotWork_AreRefused()
    {
        var good = new PeerGateOptions(new Uri("http://pki.test"), [_world.Root]);
        Assert.Throws<ArgumentException>(() => (good with { Sources = [] }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { Sources = [RevocationSource.Crl, RevocationSource.Crl] }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { QuestionTimeout = TimeSpan.Zero }).Validate());
        Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse("spiffe://agents.test/a*"));
    }

    private async Task<Peer> AdmittedAsync(PeerGate gate, X509Certificate2 certificate, Action? cut = null) => Assert.IsType<Admission.Admitted>(
        await gate.AdmitAsync(certificate.RawData, [_world.Issuing.Der], PeerDemand.Client(), cut ?? (() => Interlocked.Increment(ref _cuts)), TestContext.Current.CancellationToken)).Peer;

    // It may have been cut before that is said: by a look at everybody that came meanwhile.
    private async Task<PeerRefusal> RefusedAsync(PeerGate gate, X509Certificate2 certificate)
    {
        var cuts = 0;
        var admission = await gate.AdmitAsync(certificate.RawData, [_world.Issuing.Der], PeerDemand.Client(), () => Interlocked.Increment(ref cuts), TestContext.Current.CancellationToken);
        Assert.InRange(cuts, 0, 1);
        return Assert.IsType<Admission.Refused>(admission).Refusal;
    }
}
