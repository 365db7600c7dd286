using System.Net;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Authority.OAuth;
using AgentPki.Authority.Problems;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>A token is good for exactly as long as everybody in it, and above, is.</summary>
[Collection(OAuthWorld.Collection)]
public sealed class IntrospectionTests(OAuthWorld world)
{
    [Fact]
    public async Task Introspect_GoodToken_SaysWhatItSays()
    {
        var (agent, asker) = (await world.AgentAsync(null, "tool.invoke:crm/**"), await world.AgentAsync());
        var token = (await world.TokenAsync(agent, ("scope", "tool.invoke:crm/**"), ("resource", OAuthWorld.Tools))).Token;
        var reply = await world.InspectAsync(asker, token);
        Assert.True(reply.Body.GetProperty("active").GetBoolean());
        var claims = OAuthWorld.Claims(token);
        foreach (var name in new[] { "iss", "sub", "client_id", "aud", "scope", "jti" })
        {
            Assert.Equal(claims.GetProperty(name).GetString(), reply.Text(name));
        }

        Assert.Equal(claims.GetProperty("exp").GetInt64(), reply.Body.GetProperty("exp").GetInt64());
        Assert.Equal(agent.Thumbprint, reply.Body.GetProperty("cnf").GetProperty("x5t#S256").GetString());
        Assert.Equal("Bearer", reply.Text("token_type"));
    }

    [Fact]
    public async Task Introspect_Inactive_SaysNothingElse()
    {
        var asker = await world.AgentAsync();
        var reply = await world.InspectAsync(asker, "abc");
        Assert.Equal("""{"active":false}""", JsonSerializer.Serialize(reply.Body));
    }

    [Fact]
    public async Task Introspect_ByAStranger_IsRefused()
    {
        var agent = await world.AgentAsync();
        var token = (await world.TokenAsync(agent)).Token;
        var reply = await world.PostAsync(OAuthOptions.IntrospectionPath, null, ("token", token));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (reply.Status, reply.Error));
    }

    [Fact]
    public async Task Introspect_AfterItsEnd_IsInactive()
    {
        var agent = await world.AgentAsync();
        var token = (await world.TokenAsync(agent)).Token;
        Assert.True(await world.IsActiveAsync(agent, token));
        world.Authority.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(await world.IsActiveAsync(agent, token));
    }

    [Fact]
    public async Task Introspect_AfterRevocationOfTheBoundCertificate_IsInactiveAtOnce()
    {
        var (agent, asker) = (await world.AgentAsync(), await world.AgentAsync());
        var token = (await world.TokenAsync(agent)).Token;
        await world.RevokeAsync(agent.Certificate);
        Assert.False(await world.IsActiveAsync(asker, token));
    }

    [Fact]
    public async Task Introspect_AfterRevocationOfAnotherCertificateOfTheAgent_IsActive()
    {
        var (agent, asker) = (await world.AgentAsync(), await world.AgentAsync());
        var second = await world.AgainAsync(agent);
        var token = (await world.TokenAsync(agent)).Token;
        await world.RevokeAsync(second.Certificate);
        Assert.True(await world.IsActiveAsync(asker, token));
    }

    [Fact]
    public async Task Introspect_WhileTheAgentIsSuspended_IsInactive_AndActiveAgainAfter()
    {
        var (agent, asker) = (await world.AgentAsync(), await world.AgentAsync());
        var token = (await world.TokenAsync(agent)).Token;
        await SetAsync(agent, AgentState.Suspended);
        Assert.False(await world.IsActiveAsync(asker, token));
        await SetAsync(agent, AgentState.Active);
        Assert.True(await world.IsActiveAsync(asker, token));
    }

    [Fact]
    public async Task Introspect_WhenAGrandparentIsSuspended_OrItsCertificateRevoked_IsInactive()
    {
        var top = await world.AgentAsync();
        var middle = await world.AgentAsync(top);
        var (agent, asker) = (await world.AgentAsync(middle), await world.AgentAsync());
        var token = (await world.TokenAsync(agent)).Token;
        Assert.True(await world.IsActiveAsync(asker, token));
        await SetAsync(top, AgentState.Suspended);
        Assert.False(await world.IsActiveAsync(asker, token));
        Assert.Equal("invalid_client", (await world.TokenAsync(agent)).Error);
        await SetAsync(top, AgentState.Active);
        Assert.True(await world.IsActiveAsync(asker, token));
        await world.RevokeAsync(top.Certificate);
        Assert.False(await world.IsActiveAsync(asker, token));

        // The ancestor has another certificate: it is there again.
        await world.AgainAsync(top);
        Assert.True(await world.IsActiveAsync(asker, token));
    }

    private async Task SetAsync(OAuthAgent agent, AgentState state) =>
        Assert.IsType<Outcome<AgentRecord>.Done>(await world.Authority.Services.Agents.SetStateAsync(agent.Id, state, "admin:test", "test", default));
}
