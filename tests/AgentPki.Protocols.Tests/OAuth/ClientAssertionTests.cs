using AgentPki.Authority.OAuth;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>private_key_jwt with the agent's certified key (RFC 7523): for MCP servers and whoever else knows no mTLS.</summary>
[Collection(OAuthWorld.Collection)]
public sealed class ClientAssertionTests(OAuthWorld world)
{
    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    [Theory]
    [InlineData("x5t")]
    [InlineData("kid, the certificate's digest")]
    [InlineData("kid, the key's thumbprint")]
    public async Task Assertion_ByTheCertifiedKey_GivesATokenForResourcesWithoutMtls(string naming)
    {
        var agent = await world.AgentAsync(null, "tool.invoke:crm/**");
        var key = AgentPki.Cryptography.Jose.Jwk.Of(agent.Certificate.PublicKey).Thumbprint();
        var header = naming switch
        {
            "x5t" => $$"""{"alg":"ES256","typ":"JWT","x5t#S256":"{{agent.Thumbprint}}"}""",
            "kid, the certificate's digest" => $$"""{"alg":"ES256","kid":"{{agent.Thumbprint}}"}""",
            _ => $$"""{"alg":"ES256","typ":"client-authentication+jwt","kid":"{{key}}"}""",
        };
        var reply = await TokenAsync(world.Assertion(agent, header: header), ("resource", OAuthWorld.Mcp), ("scope", "tool.invoke:crm/x"));
        var token = OAuthWorld.Read(reply.Token);
        Assert.True(token.Confirmation.IsEmpty);
        Assert.Equal(agent.Id, token.Subject);
        Assert.Equal(agent.Certificate.Fingerprint(), token.Holder.Thumbprint.ToArray());

        // Bound to nothing, and yet it dies with the certificate.
        var asker = await world.AgentAsync();
        Assert.True(await world.IsActiveAsync(asker, reply.Token));
        await world.RevokeAsync(agent.Certificate);
        Assert.False(await world.IsActiveAsync(asker, reply.Token));
    }

    [Fact]
    public async Task Assertion_WithoutTls_GivesNoTokenForResourcesThatKnowMtls()
    {
        var agent = await world.AgentAsync();
        Assert.Equal("invalid_target", (await TokenAsync(world.Assertion(agent), ("resource", OAuthWorld.Tools))).Error);
        Assert.Equal("invalid_target", (await TokenAsync(world.Assertion(agent), ("resource", OAuthWorld.Mcp), ("resource", OAuthWorld.Tools))).Error);
        Assert.Equal("invalid_target", (await TokenAsync(world.Assertion(agent))).Error);
    }

    [Fact]
    public async Task Assertion_OverTheAgentsOwnTls_GivesABoundToken()
    {
        var agent = await world.AgentAsync();
        var second = await world.AgainAsync(agent);
        var reply = await world.PostAsync(OAuthOptions.TokenPath, second.Tls, ("grant_type", "client_credentials"), ("client_assertion_type", Type), ("client_assertion", world.Assertion(agent)));
        Assert.Equal(second.Certificate.Fingerprint(), OAuthWorld.Read(reply.Token).Confirmation.ToArray());

        // It lives and dies with the certificate that it is bound to, not with the one whose key asked for it.
        var asker = await world.AgentAsync();
        await world.RevokeAsync(agent.Certificate);
        Assert.True(await world.IsActiveAsync(asker, reply.Token));
        await world.RevokeAsync(second.Certificate);
        Assert.False(await world.IsActiveAsync(asker, reply.Token));
    }

    [Fact]
    public async Task Assertion_IntrospectsToo()
    {
        var (agent, asker) = (await world.AgentAsync(), await world.AgentAsync());
        var token = (await world.TokenAsync(agent)).Token;
        var reply = await world.PostAsync(OAuthOptions.IntrospectionPath, null, ("token", token), ("client_assertion_type", Type), ("client_assertion", world.Assertion(asker)));
        Assert.True(reply.Body.GetProperty("active").GetBoolean());
    }

    private Task<OAuthReply> TokenAsync(string assertion, params (string, string)[] parameters) =>
        world.PostAsync(OAuthOptions.TokenPath, null, [("grant_type", "client_credentials"), ("client_assertion_type", Type), ("client_assertion", assertion), .. parameters]);
}
