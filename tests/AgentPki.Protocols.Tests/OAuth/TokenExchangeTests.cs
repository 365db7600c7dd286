using AgentPki.X509.AccessTokens;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>A child exchanges its parent's token for less (RFC 8693).</summary>
[Collection(OAuthWorld.Collection)]
public sealed class TokenExchangeTests(OAuthWorld world)
{
    [Fact]
    public async Task Exchange_ByTheChild_NarrowsTheScope_AndNestsTheChainOfActors()
    {
        var top = await world.AgentAsync(null, "tool.invoke:crm/**", "data.read:**");
        var child = await world.AgentAsync(top, "tool.invoke:crm/**");
        var grandchild = await world.AgentAsync(child, "tool.invoke:crm/customers/*");
        var first = (await world.TokenAsync(top, ("scope", "tool.invoke:crm/** data.read:crm/**"), ("resource", OAuthWorld.Tools))).Token;
        var second = await world.ExchangeAsync(child, first, ("scope", "tool.invoke:crm/customers/**"));
        Assert.Equal(OAuthWorld.AccessTokenType, second.Text("issued_token_type"));
        var third = OAuthWorld.Claims((await world.ExchangeAsync(grandchild, second.Token, ("scope", "tool.invoke:crm/customers/*"))).Token);

        Assert.Equal(top.Id, third.GetProperty("sub").GetString());
        Assert.Equal(grandchild.Id, third.GetProperty("client_id").GetString());
        Assert.Equal(grandchild.Id, third.GetProperty("act").GetProperty("sub").GetString());
        Assert.Equal(child.Id, third.GetProperty("act").GetProperty("act").GetProperty("sub").GetString());
        Assert.False(third.GetProperty("act").GetProperty("act").TryGetProperty("act", out _));
        Assert.Equal(OAuthWorld.Tools, third.GetProperty("aud").GetString());
        Assert.Equal("tool.invoke:crm/customers/*", third.GetProperty("scope").GetString());
        Assert.Equal(grandchild.Thumbprint, third.GetProperty("cnf").GetProperty("x5t#S256").GetString());
    }

    [Fact]
    public async Task Exchange_WithoutAScope_GivesWhatBothHave()
    {
        var top = await world.AgentAsync(null, "tool.invoke:crm/**", "data.read:**");
        var child = await world.AgentAsync(top, "tool.invoke:**");
        var first = (await world.TokenAsync(top, ("scope", "tool.invoke:crm/** data.read:crm/**"))).Token;
        var reply = await world.ExchangeAsync(child, first);
        Assert.Equal("tool.invoke:crm/**", reply.Text("scope"));
    }

    [Fact]
    public async Task Exchanged_NeverOutlivesTheTokenThatItCameFrom()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var first = (await world.TokenAsync(top)).Token;
        world.Authority.Time.Advance(TimeSpan.FromMinutes(2));
        var second = OAuthWorld.Read((await world.ExchangeAsync(child, first)).Token);
        Assert.Equal(OAuthWorld.Read(first).Expires, second.Expires);
    }

    [Fact]
    public async Task Exchanged_DiesWithAnybodyInItsChain()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var (grandchild, asker) = (await world.AgentAsync(child), await world.AgentAsync());
        var first = (await world.TokenAsync(top)).Token;
        var second = (await world.ExchangeAsync(child, first)).Token;
        var third = (await world.ExchangeAsync(grandchild, second)).Token;
        Assert.True(await world.IsActiveAsync(asker, third));

        // The child gets a newer certificate before its old one, by which it exchanged, is taken away: the token came from the old one.
        await world.AgainAsync(child);
        await world.RevokeAsync(child.Certificate);
        Assert.True(await world.IsActiveAsync(asker, first));
        Assert.False(await world.IsActiveAsync(asker, second));
        Assert.False(await world.IsActiveAsync(asker, third));
    }

    [Fact]
    public async Task Exchanged_WhoseHolderIsNobodysChildAnyMore_IsInactive()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var second = (await world.ExchangeAsync(child, (await world.TokenAsync(top)).Token)).Token;
        Assert.True(await world.IsActiveAsync(top, second));
        await world.Authority.Services.Agents.SetParentAsync(child.Id, null, "admin:test", "test", default);
        Assert.False(await world.IsActiveAsync(top, second));
    }

    [Fact]
    public void AccessToken_Written_IsReadAsItWas()
    {
        var chain = Enumerable.Range(0, AccessToken.LongestChain).Select(i => new ChainLink($"spiffe://agents.test/a{i}", new byte[32], new byte[] { 1, 2 }, new byte[] { 3, (byte)i })).ToList();
        var now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        var token = new AccessToken(OAuthWorld.Issuer, "id", ["https://a.test", "https://b.test"], AgentPki.X509.AgentPolicies.ScopeSet.Of("a:b", "c:d/**"), now, now.AddMinutes(5), new byte[32], chain);
        Assert.True(AccessToken.TryParse(token.Encode(), out var read, out var error), error);
        Assert.Equal((token.Issuer, token.Id, token.IssuedAt, token.Expires, token.Scopes, token.Subject), (read.Issuer, read.Id, read.IssuedAt, read.Expires, read.Scopes, read.Subject));
        Assert.Equal(token.Chain, read.Chain);
        Assert.Equal(token.Audience, read.Audience);
    }
}
