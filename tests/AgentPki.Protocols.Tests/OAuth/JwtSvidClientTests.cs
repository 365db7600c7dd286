using System.Net;
using System.Text;
using AgentPki.Agents;
using AgentPki.Authority.OAuth;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger;
using AgentPki.Protocols.OAuth;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>spiffe_jwt (draft-ietf-oauth-spiffe-client-auth §3.1): agents that authenticate with a JWT-SVID of this appliance, and whoever tries to with something like one.</summary>
[Collection(OAuthWorld.Collection)]
public sealed class JwtSvidClientTests(OAuthWorld world)
{
    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
    private const string OtherType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    [Fact]
    public async Task JwtSvid_GivesATokenThatDiesWithTheAgentsNewestCertificate()
    {
        var (agent, asker) = (await world.AgentAsync(null, "tool.invoke:crm/**"), await world.AgentAsync());
        var (svid, newest) = await SvidAsync(agent);

        var reply = await TokenAsync(agent.Id, svid, ("scope", "tool.invoke:crm/x"));

        var token = OAuthWorld.Read(reply.Token);
        Assert.Equal((agent.Id, true), (token.Subject, token.Confirmation.IsEmpty));
        Assert.Equal(newest.Fingerprint(), token.Holder.Thumbprint.ToArray());
        Assert.Equal("spiffe_jwt", await AuthenticationOfAsync(token.Id));
        Assert.True(await world.IsActiveAsync(asker, reply.Token));
        await world.RevokeAsync(newest);
        Assert.False(await world.IsActiveAsync(asker, reply.Token));

        // One certificate less: the agent's next newest is the link now.
        Assert.Equal(agent.Certificate.Fingerprint(), OAuthWorld.Read((await TokenAsync(agent.Id, svid)).Token).Holder.Thumbprint.ToArray());
    }

    [Fact]
    public async Task JwtSvid_Again_IsTakenWhileItLasts()
    {
        // It needs no jti, and the Workload API gives all processes of an entry the same one.
        var agent = await world.AgentAsync();
        var (svid, _) = await SvidAsync(agent);
        Assert.Equal(svid, (await SvidAsync(agent)).Token);
        Assert.NotEqual((await TokenAsync(agent.Id, svid)).Token, (await TokenAsync(agent.Id, svid)).Token);
        Assert.NotNull((await TokenAsync(agent.Id, await SignAsync(Claims(agent.Id, id: null)))).Token);
    }

    [Fact]
    public async Task JwtSvid_WithoutTls_GivesNoTokenForResourcesThatKnowMtls()
    {
        var agent = await world.AgentAsync();
        var (svid, _) = await SvidAsync(agent);
        Assert.Equal("invalid_target", (await PostAsync(agent.Id, svid, Type, null, ("resource", OAuthWorld.Tools))).Error);
        Assert.Equal("invalid_target", (await PostAsync(agent.Id, svid, Type, null)).Error);
    }

    [Fact]
    public async Task JwtSvid_OverTheAgentsOwnTls_GivesABoundToken_AndBesideAnothersNone()
    {
        var (agent, other) = (await world.AgentAsync(), await world.AgentAsync());
        var (svid, _) = await SvidAsync(agent);

        var token = OAuthWorld.Read((await PostAsync(agent.Id, svid, Type, agent, ("resource", OAuthWorld.Tools))).Token);

        Assert.Equal(agent.Certificate.Fingerprint(), token.Confirmation.ToArray());
        Assert.Equal(agent.Certificate.Fingerprint(), token.Holder.Thumbprint.ToArray());
        RequireInvalidClient("beside another's certificate", await PostAsync(agent.Id, svid, Type, other));
    }

    [Fact]
    public async Task JwtSvid_IntrospectsToo()
    {
        var (agent, asker) = (await world.AgentAsync(), await world.AgentAsync());
        var token = (await world.TokenAsync(agent)).Token;
        var reply = await world.PostAsync(OAuthOptions.IntrospectionPath, null, ("client_id", asker.Id), ("token", token), ("client_assertion_type", Type), ("client_assertion", (await SvidAsync(asker)).Token));
        Assert.True(reply.Body.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task WhatIsNoJwtSvidForThisServer_IsRefused()
    {
        var (agent, victim) = (await world.AgentAsync(), await world.AgentAsync());
        await using var other = new OAuthWorld();
        await other.InitializeAsync();
        var now = world.Authority.Time.GetUtcNow();
        var kid = (await world.Authority.Services.Workloads.Tokens.VerifiersAsync(Cancelled))[0].KeyId;
        var good = await SignAsync(Claims(agent.Id));
        var parts = good.Split('.');
        var foreign = agent.Id.Replace(TestAuthority.TrustDomain, "foreign.test", StringComparison.Ordinal);
        var attacks = new Dictionary<string, string>
        {
            ["for another server"] = (await SvidAsync(agent, "https://other.test")).Token,
            ["for a resource"] = (await SvidAsync(agent, OAuthWorld.Tools)).Token,
            ["for the token endpoint"] = (await SvidAsync(agent, $"{OAuthWorld.Issuer}{OAuthOptions.TokenPath}")).Token,
            ["for this server and another"] = (await SvidAsync(agent, OAuthWorld.Issuer, "https://other.test")).Token,
            ["for this server twice"] = (await SvidAsync(agent, OAuthWorld.Issuer, OAuthWorld.Issuer)).Token,
            ["ended"] = await SignAsync(Claims(agent.Id, now.AddMinutes(-6))),
            ["from the future"] = await SignAsync(Claims(agent.Id, now.AddMinutes(2))),
            ["without an end"] = await SignAsync($$"""{"sub":"{{agent.Id}}","aud":"{{OAuthWorld.Issuer}}"}"""),
            ["without an audience"] = await SignAsync($$"""{"sub":"{{agent.Id}}","exp":{{now.AddMinutes(1).ToUnixTimeSeconds()}}}"""),
            ["a claim twice"] = await SignAsync(Claims(agent.Id).Replace("\"sub\"", $"\"sub\":\"{victim.Id}\",\"sub\"", StringComparison.Ordinal)),
            ["of another kind (typ)"] = await SignAsync(Claims(agent.Id), "at+jwt"),
            ["of a foreign trust domain, signed here"] = await SignAsync(Claims(foreign)),
            ["of another appliance with the same names"] = (await SvidAsync(await other.AgentAsync(), other)).Token,
            ["about somebody else"] = await SignAsync(Claims(victim.Id)),
            ["signed by the agent"] = OAuthWorld.Jws($$"""{"alg":"ES256","typ":"JWT","kid":"{{kid}}"}""", Claims(agent.Id), agent.Key),
            ["signed by the agent, with its certificate inside"] = OAuthWorld.Jws($$"""{"alg":"ES256","typ":"JWT","kid":"{{kid}}","x5c":["{{Convert.ToBase64String(agent.Tls.RawData)}}"]}""", Claims(agent.Id), agent.Key),
            ["another's name, the signature left"] = $"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Claims(victim.Id)))}.{parts[2]}",
            ["alg none"] = $"{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"none","typ":"JWT","kid":"{{kid}}"}"""))}.{parts[1]}.",
            ["an access token"] = (await world.TokenAsync(agent)).Token,
            ["an assertion by the agent's key"] = world.Assertion(agent),
        };
        foreach (var (attack, assertion) in attacks)
        {
            RequireInvalidClient(attack, await TokenAsync(attack.StartsWith("of a foreign", StringComparison.Ordinal) ? foreign : agent.Id, assertion));
        }

        Assert.NotNull((await TokenAsync(agent.Id, good)).Token);
        RequireInvalidClient("another's client_id", await TokenAsync(victim.Id, good));
        RequireInvalidClient("no client_id", await TokenAsync(null, good));
        RequireInvalidClient("as an assertion by its own key", await PostAsync(agent.Id, good, OtherType, null, ("resource", OAuthWorld.Mcp)));
        RequireInvalidClient("as an assertion by its own key, with an issuer", await PostAsync(
            agent.Id, await SignAsync(Claims(agent.Id).Replace("\"sub\"", $"\"iss\":\"{agent.Id}\",\"sub\"", StringComparison.Ordinal)), OtherType, null, ("resource", OAuthWorld.Mcp)));
    }

    [Theory]
    [InlineData("suspended")]
    [InlineData("revoked")]
    [InlineData("below one that is suspended")]
    [InlineData("with no certificate left")]
    public async Task JwtSvid_OfAnAgentThatIsNotWhatItWas_IsRefused(string what)
    {
        var parent = await world.AgentAsync();
        var agent = await world.AgentAsync(parent);
        var (svid, newest) = await SvidAsync(agent);
        var token = (await TokenAsync(agent.Id, svid)).Token;
        switch (what)
        {
            case "suspended":
                await SuspendAsync(agent);
                break;
            case "below one that is suspended":
                await SuspendAsync(parent);
                break;
            case "revoked":
                Assert.IsType<Outcome<RevocationResult>.Done>(await world.Authority.Services.Revocations.RevokeAsync(
                    new RevocationRequest(new RevocationTarget.Agent(agent.Id), RevocationReason.KeyCompromise, "admin:test", "test", "c"), Cancelled));
                break;
            default:
                await world.RevokeAsync(newest);
                await world.RevokeAsync(agent.Certificate);
                break;
        }

        RequireInvalidClient(what, await TokenAsync(agent.Id, svid));
        Assert.False(await world.IsActiveAsync(await world.AgentAsync(), token));
    }

    [Fact]
    public async Task JwtSvid_WhoseSignersCertificateWasRevoked_IsRefused_AndTheNextSignersIsTaken()
    {
        var agent = await world.AgentAsync();
        var (svid, _) = await SvidAsync(agent);
        var signer = (await world.Authority.Services.Stores.Certificates.ListAsync(200, Cancelled)).First(c => c is { Status: CertificateStatus.Good, Certificate.Profile: "appliance-jwt" });

        await world.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(Certificate.Parse(signer.Certificate.Der)), RevocationReason.KeyCompromise, "admin:test", "test", "c", IncludeAppliance: true), Cancelled);

        RequireInvalidClient("the key is gone", await TokenAsync(agent.Id, svid));
        Assert.NotNull((await TokenAsync(agent.Id, (await SvidAsync(agent)).Token)).Token);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Metadata_NamesBothSpiffeMethods_AndOneThatIsSwitchedOffNeitherThereNorTaken()
    {
        await using var without = new OAuthWorld { TakesJwtSvids = false };
        await without.InitializeAsync();
        var agent = await without.AgentAsync();
        Assert.Equal(["spiffe_x509"], await SpiffeMethodsAsync(without));
        RequireInvalidClient("switched off", await without.PostAsync(
            OAuthOptions.TokenPath, null, ("grant_type", "client_credentials"), ("client_id", agent.Id), ("client_assertion_type", Type), ("client_assertion", (await SvidAsync(agent, without)).Token), ("resource", OAuthWorld.Mcp)));

        Assert.Equal(["spiffe_x509", "spiffe_jwt"], await SpiffeMethodsAsync(world));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static async Task<List<string?>> SpiffeMethodsAsync(OAuthWorld of)
    {
        var metadata = await of.GetAsync(OAuthEndpoints.MetadataPath);
        var (token, introspection) = (Of("token"), Of("introspection"));
        Assert.Equal(token, introspection);
        return token;

        List<string?> Of(string endpoint) => [.. metadata.GetProperty($"{endpoint}_endpoint_auth_methods_supported").EnumerateArray().Select(m => m.GetString()).Where(m => m!.StartsWith("spiffe_", StringComparison.Ordinal))];
    }

    private async Task<string?> AuthenticationOfAsync(string token)
    {
        var issued = await world.Authority.Services.Stores.Ledger.SearchAsync(new AgentPki.Ledger.Search.LedgerQuery { Kind = LedgerEntryKind.TokenIssued }, 0, Cancelled).ToListAsync(Cancelled);
        return issued.Single(e => e.Details!.Facts["token"] == token).Details!.Facts["authentication"];
    }

    private async Task SuspendAsync(OAuthAgent agent) => await world.Authority.Services.Agents.SetStateAsync(agent.Id, AgentState.Suspended, "admin:test", "c", Cancelled);

    /// <summary>As the Workload API gives one to a process of the agent: after its X.509-SVID, which is its newest certificate then.</summary>
    private Task<(string Token, Certificate Newest)> SvidAsync(OAuthAgent agent, params string[] audiences) => SvidAsync(agent, world, audiences);

    private static async Task<(string Token, Certificate Newest)> SvidAsync(OAuthAgent agent, OAuthWorld of, params string[] audiences)
    {
        var entry = new WorkloadEntry { Name = agent.Id[(agent.Id.LastIndexOf('/') + 1)..], Id = agent.Id, Selectors = [], Profile = "workload", Owner = "team-a" };
        var workloads = of.Authority.Services.Workloads;
        var svid = Assert.IsType<Outcome<X509Svid>.Done>(await workloads.Svids.CurrentAsync(entry, Cancelled)).Value;
        var token = Assert.IsType<Outcome<string>.Done>(await workloads.Tokens.IssueAsync(svid, audiences.Length == 0 ? [OAuthWorld.Issuer] : audiences, Cancelled)).Value;
        return (token, svid.Certificate);
    }

    private string Claims(string subject, DateTimeOffset? from = null, string? id = "x")
    {
        var begins = from ?? world.Authority.Time.GetUtcNow();
        return $$"""{{{(id is null ? "" : $"\"jti\":\"{id}\",")}}"sub":"{{subject}}","aud":["{{OAuthWorld.Issuer}}"],"iat":{{begins.ToUnixTimeSeconds()}},"exp":{{begins.AddMinutes(5).ToUnixTimeSeconds()}}}""";
    }

    /// <summary>By the appliance's own key of JWT-SVIDs: what it would never say.</summary>
    private async Task<string> SignAsync(string claims, string type = "JWT")
    {
        var current = (await world.Authority.Services.Workloads.Tokens.VerifiersAsync(Cancelled))[0].KeyId;
        foreach (var label in world.Authority.Services.Issuers.All.SelectMany(i => new[] { "-jwt", "-jwt-2", "-jwt-3" }.Select(s => i.Record.Key.Label + s)))
        {
            await using var key = await world.Authority.Keys.OpenAsync(label, Cancelled);
            if (key is not null && Jwk.Of(key.PublicKey).Thumbprint() == current)
            {
                return await CompactJws.SignAsync(key, type, Encoding.UTF8.GetBytes(claims), Cancelled);
            }
        }

        throw new InvalidOperationException("The key of JWT-SVIDs is not where it was.");
    }

    private Task<OAuthReply> TokenAsync(string? clientId, string assertion, params (string, string)[] parameters) => PostAsync(clientId, assertion, Type, null, [("resource", OAuthWorld.Mcp), .. parameters]);

    private Task<OAuthReply> PostAsync(string? clientId, string assertion, string type, OAuthAgent? tls, params (string, string)[] parameters) => world.PostAsync(
        OAuthOptions.TokenPath,
        tls?.Tls,
        [("grant_type", "client_credentials"), .. clientId is null ? Array.Empty<(string, string)>() : [("client_id", clientId)], ("client_assertion_type", type), ("client_assertion", assertion), .. parameters]);

    private static void RequireInvalidClient(string attack, OAuthReply reply) =>
        Assert.True((HttpStatusCode.Unauthorized, "invalid_client") == (reply.Status, reply.Error), $"{attack}: {reply.Status} {reply.Body}");
}
