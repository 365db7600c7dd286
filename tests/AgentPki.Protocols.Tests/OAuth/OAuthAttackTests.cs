using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Buffers.Text;
using AgentPki.Authority.OAuth;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>The attack table of docs/oauth.md, at the authorization server; what a resource refuses is in <c>Client.Tests</c> and <c>Server.Tests</c>.</summary>
[Collection(OAuthWorld.Collection)]
public sealed class OAuthAttackTests(OAuthWorld world)
{
    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    [Fact]
    public async Task NoCertificate_AndNoAssertion_IsNobody()
    {
        var agent = await world.AgentAsync();
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, null, ("client_id", agent.Id), ("grant_type", "client_credentials")));
    }

    [Fact]
    public async Task AnotherAgentsClientId_WithOnesOwnCertificate_IsRefused()
    {
        var (agent, victim) = (await world.AgentAsync(), await world.AgentAsync());
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, agent.Tls, ("client_id", victim.Id), ("grant_type", "client_credentials")));
    }

    [Fact]
    public async Task SelfSignedCertificate_OfSomebodyElse_IsRefused_WhateverNameItCarries()
    {
        var victim = await world.AgentAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var forged = SelfSigned.Make(key, world.Authority.Time.GetUtcNow(), victim.Id);
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, forged, ("client_id", victim.Id), ("grant_type", "client_credentials")));
        var agent = await world.AgentAsync();
        using var claimed = SelfSigned.Make(agent.Key, world.Authority.Time.GetUtcNow(), victim.Id);
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, claimed, ("client_id", victim.Id), ("grant_type", "client_credentials")));
    }

    [Fact]
    public async Task CertificateOfAnotherCa_WithOurCasNameAndOurAgentsName_IsRefused()
    {
        await using var other = new OAuthWorld();
        await other.InitializeAsync();
        var victim = await world.AgentAsync();
        var impostor = await other.AgentAsync();
        Assert.Equal(victim.Certificate.Issuer, impostor.Certificate.Issuer); // the same names, other keys
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, impostor.Tls, ("client_id", victim.Id), ("grant_type", "client_credentials")));
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, impostor.Tls, ("client_id", impostor.Id), ("grant_type", "client_credentials")));
    }

    /// <summary>The client's key is right, and an octet of what its certificate says of it is another: over TLS that shows nothing, and the store has it otherwise.</summary>
    [Fact]
    public async Task CertificateWithAnotherNameOrPolicyPutIn_IsRefused()
    {
        var (agent, victim) = (await world.AgentAsync(), await world.AgentAsync());
        var der = agent.Certificate.Der.ToArray();
        var at = der.AsSpan().IndexOf(Encoding.ASCII.GetBytes(agent.Id));
        Assert.True(at > 0 && agent.Id.Length == victim.Id.Length);
        Encoding.ASCII.GetBytes(victim.Id).CopyTo(der, at);
        using var bare = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(der);
        using var forged = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.CopyWithPrivateKey(bare, agent.Key);
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, forged, ("client_id", victim.Id), ("grant_type", "client_credentials")));
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, forged, ("client_id", agent.Id), ("grant_type", "client_credentials")));
    }

    /// <summary>Who acts is who came: nothing that a client sends along puts anybody else into <c>act</c>.</summary>
    [Fact]
    public async Task Exchange_WithAnActorToken_NamesWhoCame()
    {
        var top = await world.AgentAsync(null, "tool.invoke:crm/**");
        var (child, other) = (await world.AgentAsync(top, "tool.invoke:crm/**"), await world.AgentAsync(top, "tool.invoke:crm/**"));
        var (token, others) = ((await world.TokenAsync(top)).Token, (await world.TokenAsync(other)).Token);
        var reply = await world.ExchangeAsync(child, token, ("actor_token", others), ("actor_token_type", OAuthWorld.AccessTokenType));
        Assert.True(reply.Error is not null || OAuthWorld.Read(reply.Token).Holder.Agent == child.Id, reply.Body.ToString());
    }

    [Fact]
    public async Task RevokedCertificate_GetsNoToken()
    {
        var agent = await world.AgentAsync();
        await world.RevokeAsync(agent.Certificate);
        RequireInvalidClient(await world.TokenAsync(agent));
    }

    [Fact]
    public async Task ScopeBeyondTheAgents_IsRefused()
    {
        var agent = await world.AgentAsync(null, "tool.invoke:crm/**");
        foreach (var scope in new[] { "tool.invoke:**", "tool.*:crm/x", "data.read:crm/x", "**:**", "tool.invoke:crm/x tool.invoke:erp/x" })
        {
            Assert.Equal("invalid_scope", (await world.TokenAsync(agent, ("scope", scope))).Error);
        }

        foreach (var malformed in new[]
        {
            "nothing", "tool.invoke:crm/../erp", "tool.invoke:\u0441rm/x", "tool.invoke:crm//x", "tool.invoke:crm/%2e%2e/erp", "tool.invoke:crm%2fx", "Tool.invoke:crm/x", "tool.invoke:crm/e\u0301", "tool.invoke:crm/\u00e9", "tool.invoke:crm/x\u200b",
            "tool.invoke:crm/./x", "tool.invoke:crm\\x", "tool.invoke:crm/x/", "tool.invoke:/crm/x", "tool.invoke:crm/**/x", "tool.invoke:crm/x\0",
        })
        {
            Assert.Equal("invalid_scope", (await world.TokenAsync(agent, ("scope", malformed))).Error);
        }
    }

    [Fact]
    public async Task Exchange_ForAWiderScope_IsRefused_EvenIfTheChildHasIt()
    {
        var top = await world.AgentAsync(null, "tool.invoke:crm/**");
        var child = await world.AgentAsync(top, "tool.invoke:**");
        var token = (await world.TokenAsync(top, ("scope", "tool.invoke:crm/**"))).Token;
        Assert.Equal("invalid_scope", (await world.ExchangeAsync(child, token, ("scope", "tool.invoke:**"))).Error);
        Assert.Equal("invalid_scope", (await world.ExchangeAsync(child, token, ("scope", "tool.invoke:erp/x"))).Error);

        // Nor what the parent's token has and the child has not.
        var narrow = await world.AgentAsync(top, "tool.invoke:crm/a");
        Assert.Equal("invalid_scope", (await world.ExchangeAsync(narrow, token, ("scope", "tool.invoke:crm/b"))).Error);
    }

    [Fact]
    public async Task Exchange_ByWhoIsNoChild_IsRefused()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var grandchild = await world.AgentAsync(child);
        var stranger = await world.AgentAsync();
        var token = (await world.TokenAsync(top)).Token;
        Assert.Equal("invalid_grant", (await world.ExchangeAsync(stranger, token)).Error);
        Assert.Equal("invalid_grant", (await world.ExchangeAsync(grandchild, token)).Error); // not over its parent's head
        Assert.Equal("invalid_grant", (await world.ExchangeAsync(top, token)).Error); // nor one's own, for longer
        var childs = (await world.TokenAsync(child)).Token;
        Assert.Equal("invalid_grant", (await world.ExchangeAsync(top, childs)).Error); // nor upwards
    }

    [Fact]
    public async Task Exchange_AfterTheParentsRevocation_IsRefused()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var token = (await world.TokenAsync(top)).Token;
        await world.RevokeAsync(top.Certificate);
        RequireInvalidClient(await world.ExchangeAsync(child, token)); // nobody below it is anybody now

        // With another certificate the parent is back; the token of the old one is not.
        await world.AgainAsync(top);
        Assert.Equal("invalid_grant", (await world.ExchangeAsync(child, token)).Error);
    }

    [Fact]
    public async Task Exchange_ForAnotherAudience_IsRefused()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var token = (await world.TokenAsync(top, ("resource", OAuthWorld.Tools))).Token;
        Assert.Equal("invalid_target", (await world.ExchangeAsync(child, token, ("resource", OAuthWorld.Mcp))).Error);
        Assert.Equal("invalid_target", (await world.ExchangeAsync(child, token, ("audience", OAuthWorld.Issuer))).Error);
        Assert.Equal("invalid_target", (await world.TokenAsync(top, ("resource", "https://evil.test"))).Error);
    }

    [Fact]
    public async Task ForgedTokens_AreNeitherActiveNorExchanged()
    {
        var top = await world.AgentAsync();
        var child = await world.AgentAsync(top);
        var good = (await world.TokenAsync(top)).Token;
        var parts = good.Split('.');
        var (header, claims) = (Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])), Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])));
        using var publicKey = ECDsa.Create();
        publicKey.ImportSubjectPublicKeyInfo((await world.Authority.Services.OAuth!.SignersAsync(default))[0].Certificate.PublicKey.SubjectPublicKeyInfo.Span, out _);
        var kid = OAuthWorld.Header(good).GetProperty("kid").GetString();
        var forgeries = new Dictionary<string, string>
        {
            ["alg none, no signature"] = $"{Base64($$"""{"alg":"none","typ":"at+jwt","kid":"{{kid}}"}""")}.{parts[1]}.",
            ["alg none, the signature left"] = $"{Base64($$"""{"alg":"none","typ":"at+jwt","kid":"{{kid}}"}""")}.{parts[1]}.{parts[2]}",
            ["HS256 with the public key"] = Mac($$"""{"alg":"HS256","typ":"at+jwt","kid":"{{kid}}"}""", parts[1], publicKey.ExportSubjectPublicKeyInfo()),
            ["another algorithm over the same octets"] = $"{Base64($$"""{"alg":"ES384","typ":"at+jwt","kid":"{{kid}}"}""")}.{parts[1]}.{parts[2]}",
            ["signed by the agent"] = OAuthWorld.Jws(header, claims, top.Key),
            ["signed by the agent, with its own key inside"] = OAuthWorld.Jws($$"""{"alg":"ES256","typ":"at+jwt","kid":"{{kid}}","x5c":["{{Convert.ToBase64String(top.Tls.RawData)}}"]}""", claims, top.Key),
            ["more scope, the signature left"] = $"{parts[0]}.{Base64(claims.Replace("\"jti\"", "\"scope\":\"**:**\",\"jti\"", StringComparison.Ordinal))}.{parts[2]}",
            ["no type"] = OAuthWorld.Jws($$"""{"alg":"ES256","kid":"{{kid}}"}""", claims, top.Key),
            ["an assertion in its place"] = world.Assertion(top),
            ["truncated"] = good[..^4],
        };
        foreach (var (attack, forged) in forgeries)
        {
            Assert.False(await world.IsActiveAsync(child, forged), attack);
            Assert.Equal("invalid_grant", (await world.ExchangeAsync(child, forged)).Error);
        }

        Assert.True(await world.IsActiveAsync(child, good));
    }

    [Fact]
    public async Task TokenOfAnotherServer_IsRefused()
    {
        await using var other = new OAuthWorld();
        await other.InitializeAsync();
        var theirs = (await other.TokenAsync(await other.AgentAsync())).Token;
        Assert.False(await world.IsActiveAsync(await world.AgentAsync(), theirs));
    }

    [Fact]
    public async Task Assertion_Twice_IsRefused_AndSoIsTheSameJtiInAnother()
    {
        var agent = await world.AgentAsync();
        var assertion = world.Assertion(agent, id: "once");
        Assert.NotNull((await AssertAsync(assertion)).Token);
        RequireInvalidClient(await AssertAsync(assertion));
        RequireInvalidClient(await AssertAsync(world.Assertion(agent, id: "once", ends: TimeSpan.FromMinutes(2))));
        var another = await world.AgentAsync();
        Assert.NotNull((await AssertAsync(world.Assertion(another, id: "once"))).Token); // a jti is its client's own

        // Nor after a restart.
        var replayed = world.Assertion(agent, id: "kept");
        Assert.NotNull((await AssertAsync(replayed)).Token);
        var store = world.Authority.Store;
        Assert.IsType<CommitOutcome.Conflict>(store.Apply([new CommitRequest(null, [new StoreChange.SpendProof(
            SHA256.HashData(Encoding.UTF8.GetBytes($"oauth client assertion\n{agent.Id}\nkept")), world.Authority.Time.GetUtcNow().AddMinutes(1), world.Authority.Time.GetUtcNow())])])[0]);
    }

    [Fact]
    public async Task Assertions_ThatAreNot_AreRefused()
    {
        var (agent, victim) = (await world.AgentAsync(), await world.AgentAsync());
        await using var other = new OAuthWorld();
        await other.InitializeAsync();
        var foreigner = await other.AgentAsync();
        var now = world.Authority.Time.GetUtcNow();
        var end = now.AddMinutes(1);
        const string here = $"\"aud\":\"{OAuthWorld.Issuer}\"", both = $"\"aud\":[\"{OAuthWorld.Issuer}\",\"https://other.test\"]";
        string Claims(string members) => $"{{\"iss\":\"{agent.Id}\",\"sub\":\"{agent.Id}\",{members}}}";
        static string Id(int number) => $"\"jti\":\"t{number}\"";
        static string Exp(DateTimeOffset time) => $"\"exp\":{time.ToUnixTimeSeconds()}";
        var attacks = new Dictionary<string, string>
        {
            ["for another server"] = world.Assertion(agent, audience: "https://other.test"),
            ["for a resource"] = world.Assertion(agent, audience: OAuthWorld.Tools),
            ["for two servers"] = world.Assertion(agent, claims: Claims($"{both},{Id(1)},{Exp(end)}")),
            ["without an audience"] = world.Assertion(agent, claims: Claims($"{Id(2)},{Exp(end)}")),
            ["without an end"] = world.Assertion(agent, claims: Claims($"{here},{Id(3)}")),
            ["without a jti"] = world.Assertion(agent, claims: Claims($"{here},{Exp(end)}")),
            ["ended"] = world.Assertion(agent, ends: TimeSpan.FromSeconds(-1)),
            ["good for an hour"] = world.Assertion(agent, claims: Claims($"{here},{Id(4)},{Exp(now.AddHours(1))}")),
            ["from the future"] = world.Assertion(agent, claims: Claims($"{here},{Id(5)},{Exp(end)},\"iat\":{now.AddMinutes(4).ToUnixTimeSeconds()}")),
            ["a claim twice"] = world.Assertion(agent, claims: Claims($"{here},{Id(6)},{Exp(end)},\"sub\":\"{victim.Id}\"")),
            ["about somebody else"] = world.Assertion(victim, key: agent.Key),
            ["about somebody else, with one's own certificate named"] = world.Assertion(victim, header: $$"""{"alg":"ES256","x5t#S256":"{{agent.Thumbprint}}"}""", key: agent.Key),
            ["no key named"] = world.Assertion(agent, header: """{"alg":"ES256"}"""),
            ["a key of its own inside (jwk)"] = world.Assertion(victim, header: $$"""{"alg":"ES256","jwk":{{Encoding.ASCII.GetString(AgentPki.Cryptography.Jose.Jwk.Of(agent.Certificate.PublicKey).ToCanonicalJson())}}}""", key: agent.Key),
            ["a chain of another CA inside (x5c)"] = world.Assertion(victim, header: $$"""{"alg":"ES256","x5c":["{{Convert.ToBase64String(foreigner.Tls.RawData)}}"],"x5t#S256":"{{foreigner.Thumbprint}}"}""", key: foreigner.Key),
            ["alg none"] = $"{Base64($$"""{"alg":"none","x5t#S256":"{{agent.Thumbprint}}"}""")}.{world.Assertion(agent).Split('.')[1]}.",
            ["HS256 with the public key"] = Mac($$"""{"alg":"HS256","x5t#S256":"{{agent.Thumbprint}}"}""", world.Assertion(agent).Split('.')[1], agent.Key.ExportSubjectPublicKeyInfo()),
            ["crit"] = world.Assertion(agent, header: $$"""{"alg":"ES256","crit":["x"],"x":1,"x5t#S256":"{{agent.Thumbprint}}"}"""),
            ["an access token's type"] = world.Assertion(agent, header: $$"""{"alg":"ES256","typ":"at+jwt","x5t#S256":"{{agent.Thumbprint}}"}"""),
            ["an access token"] = (await world.TokenAsync(agent)).Token,
        };
        foreach (var (attack, assertion) in attacks)
        {
            var reply = await AssertAsync(assertion);
            Assert.True((HttpStatusCode.Unauthorized, "invalid_client") == (reply.Status, reply.Error), $"{attack}: {reply.Status} {reply.Body}");
        }

        Assert.NotNull((await AssertAsync(world.Assertion(agent))).Token);
    }

    [Fact]
    public async Task Assertion_BesideAnotherAgentsTlsCertificate_IsRefused()
    {
        var (agent, other) = (await world.AgentAsync(), await world.AgentAsync());
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, other.Tls, ("grant_type", "client_credentials"), ("client_assertion_type", Type), ("client_assertion", world.Assertion(agent))));
    }

    [Fact]
    public async Task Assertion_ByARevokedCertificate_IsRefused()
    {
        var agent = await world.AgentAsync();
        await world.RevokeAsync(agent.Certificate);
        RequireInvalidClient(await AssertAsync(world.Assertion(agent)));
    }

    [Fact]
    public async Task ClientSecrets_AreNoAuthentication()
    {
        var agent = await world.AgentAsync();
        RequireInvalidClient(await world.PostAsync(OAuthOptions.TokenPath, null, ("client_id", agent.Id), ("client_secret", "x"), ("grant_type", "client_credentials")));
    }

    private Task<OAuthReply> AssertAsync(string assertion) =>
        world.PostAsync(OAuthOptions.TokenPath, null, ("grant_type", "client_credentials"), ("resource", OAuthWorld.Mcp), ("client_assertion_type", Type), ("client_assertion", assertion));

    private static void RequireInvalidClient(OAuthReply reply) => Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (reply.Status, reply.Error));

    private static string Base64(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Mac(string header, string payload, byte[] key)
    {
        var input = $"{Base64(header)}.{payload}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(input)))}";
    }
}
