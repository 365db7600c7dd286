using System.Security.Cryptography.X509Certificates;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Client.Decisions;
using AgentPki.Client.Revocation;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.AuthZen;

/// <summary>The client library against the appliance's own endpoints over TLS, with its own feed, and then without them.</summary>
public sealed class OfflineDecisionTests : IAsyncLifetime
{
    private AuthZenServer _server = null!;
    private X509Certificate2 _agent = null!;
    private RevocationFollower _follower = null!;
    private DecisionClient _client = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await AuthZenServer.StartAsync(("a.yaml", "policies:\n- {id: r, effect: permit, actions: [read], resources: ['**'], offline: 5m}\n- {id: w, effect: permit, actions: [list], resources: ['**']}\n"));
        _agent = await _server.AgentAsync("a");
        var authority = _server.Authority;
        await authority.Services.Feed.StartAsync(Cancelled);
        _follower = new RevocationFollower(new RevocationFollowerOptions(_server.Server.Http, [authority.Ceremony.Root]), authority.Time, authority.Providers);
        await UntilAsync(() => !_follower.View.IsStale);
        var options = new DecisionClientOptions(_server.Server.Https, [authority.Ceremony.Root], _server.Guard, "http://pki.test:8080") { Intermediates = [authority.Ceremony.Issuing] };
        _client = new DecisionClient(options, _follower.View, authority.Time, _server.Server.Handler(_server.Guard));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _follower.DisposeAsync();
        await _server.Authority.Services.Feed.StopAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Ask_ApplianceGone_WhatItSaidMayBeReliedOnIs_UntilTheFeedIsTooOld()
    {
        Assert.Equal((true, DecisionOrigin.Appliance), Part(await AskAsync("read")));
        Assert.Equal((true, DecisionOrigin.Appliance), Part(await AskAsync("list")));
        Assert.Equal((false, DecisionOrigin.Appliance), Part(await AskAsync("delete")));
        await _server.Decider.Decisions.Adjustments.AddAsync(AdjustmentKind.Elevation, "spiffe://agents.test/agent/a", ScopeSet.Of("delete:**"), TimeSpan.FromHours(1), "incident", "admin:test", "c", Cancelled);
        Assert.Equal((true, DecisionOrigin.Appliance), Part(await AskAsync("delete")));
        Assert.Equal(1, _client.Remembered);

        await _server.Server.DisposeAsync();
        Assert.Equal((true, DecisionOrigin.Remembered), Part(await AskAsync("read")));
        Assert.Equal((false, DecisionOrigin.Nobody), Part(await AskAsync("list")));
        Assert.Equal((false, DecisionOrigin.Nobody), Part(await AskAsync("delete"))); // an elevation is never relied on
        _server.Authority.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((false, DecisionOrigin.Nobody), Part(await AskAsync("read")));
    }

    [Fact]
    public async Task Ask_RevokedThenApplianceGone_IsDenied()
    {
        Assert.True((await AskAsync("read")).IsPermitted);
        await _server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(Certificate.Parse(_agent.RawData)), RevocationReason.KeyCompromise, "admin:test", "test", "c"), Cancelled);
        await UntilAsync(() => !_follower.View.Check(Certificate.Parse(_agent.RawData)).IsGood);
        await _server.Server.DisposeAsync();
        Assert.Contains("is revoked or held", Assert.Single((await AskAsync("read")).Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_DeniedThenApplianceGone_IsDenied()
    {
        Assert.True((await AskAsync("read")).IsPermitted);
        _server.Decider.Policies.Write("b.yaml", "policies:\n- {id: f, effect: forbid, actions: [read], resources: ['**']}\n"u8);
        await _server.Decider.Decisions.Policies.RefreshAsync(Cancelled);
        Assert.Equal((false, DecisionOrigin.Appliance), Part(await AskAsync("read")));
        await _server.Server.DisposeAsync();
        Assert.Equal((false, DecisionOrigin.Nobody), Part(await AskAsync("read")));
    }

    private Task<DecisionAnswer> AskAsync(string action) => _client.AskAsync(new DecisionQuestion(Certificate.Parse(_agent.RawData), action, "record", "1"), Cancelled);

    private static (bool IsPermitted, DecisionOrigin Origin) Part(DecisionAnswer answer) => (answer.IsPermitted, answer.Origin);

    private async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 3000, $"it did not come to that; the follower's problem: {_follower.Problem}");
            _server.Authority.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, Cancelled);
        }
    }
}
