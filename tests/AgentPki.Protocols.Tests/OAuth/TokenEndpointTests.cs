using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Authority.OAuth;
using AgentPki.Ledger;
using AgentPki.Protocols.OAuth;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.OAuth;

[Collection(OAuthWorld.Collection)]
public sealed class TokenEndpointTests(OAuthWorld world)
{
    [Fact]
    public async Task ClientCredentials_ByCertificate_GiveATokenBoundToIt()
    {
        var agent = await world.AgentAsync(null, "tool.invoke:crm/**", "data.read:crm/**");
        var reply = await world.TokenAsync(agent, ("scope", "tool.invoke:crm/customers/*"), ("resource", OAuthWorld.Tools));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("Bearer", reply.Text("token_type"));
        Assert.Equal("tool.invoke:crm/customers/*", reply.Text("scope"));
        Assert.Equal(300, reply.Body.GetProperty("expires_in").GetInt64());
        Assert.Null(reply.Text("issued_token_type"));

        var (header, claims) = (OAuthWorld.Header(reply.Token), OAuthWorld.Claims(reply.Token));
        Assert.Equal("at+jwt", header.GetProperty("typ").GetString());
        Assert.Equal("ES256", header.GetProperty("alg").GetString());
        Assert.Equal(OAuthWorld.Issuer, claims.GetProperty("iss").GetString());
        Assert.Equal(agent.Id, claims.GetProperty("sub").GetString());
        Assert.Equal(agent.Id, claims.GetProperty("client_id").GetString());
        Assert.Equal(OAuthWorld.Tools, claims.GetProperty("aud").GetString());
        Assert.Equal(Base64Url.EncodeToString(SHA256.HashData(agent.Tls.RawData)), claims.GetProperty("cnf").GetProperty("x5t#S256").GetString());
        Assert.False(claims.TryGetProperty("act", out _));
    }

    [Fact]
    public async Task Tokens_GivenAndRefused_AreWhatAnAgentIsWatchedBy()
    {
        var (busy, probing) = (await world.AgentAsync(null, "data.read:crm/**"), await world.AgentAsync(null, "data.read:crm/**"));
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await world.TokenAsync(busy)).Status); // the ninth of what it did: it was enrolled before
        }

        for (var i = 0; i < 7; i++)
        {
            Assert.Equal("invalid_scope", (await world.TokenAsync(probing, ("scope", "data.write:crm/**"))).Error);
        }

        Assert.Equal(["burst", "refusals"], [await FoundAsync(busy), await FoundAsync(probing)]);
    }

    [Fact]
    public async Task Token_VerifiesByThePublishedKey_WhoseCertificateLeadsToTheRoot()
    {
        var token = (await world.TokenAsync(await world.AgentAsync())).Token;
        var keys = (await world.GetAsync(OAuthOptions.KeysPath)).GetProperty("keys");
        var key = Assert.Single(keys.EnumerateArray());
        Assert.Equal(OAuthWorld.Header(token).GetProperty("kid").GetString(), key.GetProperty("kid").GetString());

        // As a stock library would: from the JWK's coordinates.
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(key.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(key.GetProperty("y").GetString()) },
        });
        var cut = token.LastIndexOf('.');
        Assert.True(ecdsa.VerifyData(System.Text.Encoding.ASCII.GetBytes(token[..cut]), Base64Url.DecodeFromChars(token.AsSpan(cut + 1)), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

        var chain = key.GetProperty("x5c").EnumerateArray().Select(c => Certificate.Parse(Convert.FromBase64String(c.GetString()!))).ToList();
        Assert.Equal(ecdsa.ExportSubjectPublicKeyInfo(), chain[0].PublicKey.SubjectPublicKeyInfo.ToArray());
        Assert.Equal([AgentPki.X509.Oids.AccessTokens], chain[0].ExtendedKeyUsages);
        for (var i = 0; i + 1 < chain.Count; i++)
        {
            Assert.True(chain[i].VerifySignature(chain[i + 1].PublicKey, world.Authority.Providers));
        }

        Assert.Equal(world.Authority.Services.Issuers.All[0].Certificate, chain[^1]);
    }

    [Fact]
    public async Task Metadata_NamesWhatThereIs_ByTheIssuerItself()
    {
        var metadata = await world.GetAsync(OAuthEndpoints.MetadataPath);
        Assert.Equal(OAuthWorld.Issuer, metadata.GetProperty("issuer").GetString());
        Assert.Equal($"{OAuthWorld.Issuer}/oauth/token", metadata.GetProperty("token_endpoint").GetString());
        Assert.True(metadata.GetProperty("tls_client_certificate_bound_access_tokens").GetBoolean());
        Assert.Equal(
            ["tls_client_auth", "self_signed_tls_client_auth", "private_key_jwt", "spiffe_x509", "spiffe_jwt"], metadata.GetProperty("token_endpoint_auth_methods_supported").EnumerateArray().Select(e => e.GetString()));
        foreach (var uri in new[] { "token_endpoint", "introspection_endpoint", "jwks_uri" })
        {
            using var client = world.Server.Client();
            using var answer = await client.GetAsync(new Uri(metadata.GetProperty(uri).GetString()!).AbsolutePath, TestContext.Current.CancellationToken);
            Assert.NotEqual(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Endpoints_WithoutTls_AreNotThere_ExceptTheKeys()
    {
        using var client = world.Server.Client(to: world.Server.Http);
        using var metadata = await client.GetAsync(OAuthEndpoints.MetadataPath, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, metadata.StatusCode);
        using var posted = await client.PostAsync(OAuthOptions.TokenPath, new FormUrlEncodedContent([]), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, posted.StatusCode);
        Assert.Contains("x5c", await client.GetStringAsync(OAuthOptions.KeysPath, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grant_type=password", "unsupported_grant_type")]
    [InlineData("grant_type=authorization_code&code=x", "unsupported_grant_type")]
    [InlineData("scope=a%3Ab", "invalid_request")]
    [InlineData("grant_type=client_credentials&grant_type=client_credentials", "invalid_request")]
    [InlineData("grant_type=client_credentials&resource=not-a-uri", "invalid_request")]
    [InlineData("grant_type=client_credentials&client_assertion=x", "invalid_request")]
    [InlineData("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange", "invalid_request")]
    [InlineData("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=x&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Asaml2", "invalid_request")]
    public async Task Request_ThatIsNone_IsRefusedInTheStandardsWords(string body, string error)
    {
        using var client = world.Server.Client();
        using var content = new StringContent(body, null, "application/x-www-form-urlencoded");
        using var answer = await client.PostAsync(OAuthOptions.TokenPath, content, TestContext.Current.CancellationToken);
        var json = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(error, json.GetProperty("error").GetString());
        Assert.False(json.TryGetProperty("error_uri", out _));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Request_InJson_IsRefused()
    {
        using var client = world.Server.Client();
        using var content = new StringContent("""{"grant_type":"client_credentials"}""", null, "application/json");
        using var answer = await client.PostAsync(OAuthOptions.TokenPath, content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("invalid_request", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_NeverOutlivesItsCertificate()
    {
        await using var own = new OAuthWorld();
        await own.InitializeAsync();
        var agent = await own.AgentAsync();
        own.Authority.Time.Advance(agent.Certificate.NotAfter - own.Authority.Time.GetUtcNow() - TimeSpan.FromSeconds(90));
        var token = OAuthWorld.Read((await own.TokenAsync(agent)).Token);
        Assert.Equal(agent.Certificate.NotAfter, token.Expires);
        own.Authority.Time.Advance(TimeSpan.FromSeconds(120));
        Assert.Equal("invalid_client", (await own.TokenAsync(agent)).Error);
    }

    [Fact]
    public async Task Token_LiesWithinTheTimesOfTheAgentsPolicy()
    {
        var agent = await world.AgentAsync();
        var now = DateTimeOffset.FromUnixTimeSeconds(world.Authority.Time.GetUtcNow().ToUnixTimeSeconds());
        world.Limit(agent, new AgentPolicyParts { NotAfter = now.AddMinutes(2) });
        Assert.Equal(now.AddMinutes(2), OAuthWorld.Read((await world.TokenAsync(agent)).Token).Expires);
        world.Limit(agent, new AgentPolicyParts { NotBefore = now.AddMinutes(2) });
        Assert.Equal("invalid_grant", (await world.TokenAsync(agent)).Error);
        world.Limit(agent, new AgentPolicyParts { NotAfter = now.AddMinutes(-2) });
        Assert.Equal("invalid_grant", (await world.TokenAsync(agent)).Error);
    }

    [Fact]
    public async Task Token_AndItsRefusal_StandInTheLedger()
    {
        var agent = await world.AgentAsync(null, "tool.invoke:crm/**");
        var token = OAuthWorld.Read((await world.TokenAsync(agent, ("scope", "tool.invoke:crm/x"))).Token);
        Assert.Equal("invalid_scope", (await world.TokenAsync(agent, ("scope", "tool.invoke:erp/x"))).Error);
        var entries = new List<LedgerRecord>();
        await foreach (var entry in world.Authority.Store.ReadAsync(0, TestContext.Current.CancellationToken))
        {
            if (entry.Leaf.Kind is LedgerEntryKind.TokenIssued or LedgerEntryKind.TokenRefused && entry.Details?.Actor == $"agent:{agent.Id}")
            {
                entries.Add(entry);
            }
        }

        Assert.Equal([LedgerEntryKind.TokenIssued, LedgerEntryKind.TokenRefused], entries.Select(e => e.Leaf.Kind));
        Assert.Equal(token.Id, entries[0].Details!.Facts["token"]);
        Assert.Equal("tool.invoke:crm/x", entries[0].Details!.Facts["scope"]);
    }

    [Fact]
    public async Task Signer_WhoseCertificateIsRevoked_IsReplaced_AndItsTokensAreDead()
    {
        await using var own = new OAuthWorld();
        await own.InitializeAsync();
        var agent = await own.AgentAsync();
        var before = (await own.TokenAsync(agent)).Token;
        Assert.True(await own.IsActiveAsync(agent, before));
        var signer = (await own.Authority.Services.OAuth!.SignersAsync(default))[0].Certificate;
        Assert.IsType<AgentPki.Authority.Problems.Outcome<AgentPki.Authority.Revocation.RevocationResult>.Done>(await own.Authority.Services.Revocations.RevokeAsync(
            new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(signer), AgentPki.Authority.Store.RevocationReason.KeyCompromise, "admin:test", "test", "c", IncludeAppliance: true), default));
        Assert.False(await own.IsActiveAsync(agent, before));
        var after = (await own.TokenAsync(agent)).Token;
        Assert.NotEqual(OAuthWorld.Header(before).GetProperty("kid").GetString(), OAuthWorld.Header(after).GetProperty("kid").GetString());
        Assert.True(await own.IsActiveAsync(agent, after));
    }

    [Fact]
    public async Task SelfSignedCertificate_OverACertifiedKey_Authenticates_AndTheTokenIsBoundToIt()
    {
        var agent = await world.AgentAsync();
        using var own = SelfSigned.Make(agent.Key, world.Authority.Time.GetUtcNow());
        var reply = await world.PostAsync(OAuthOptions.TokenPath, own, ("client_id", agent.Id), ("grant_type", "client_credentials"));
        var token = OAuthWorld.Read(reply.Token);
        Assert.Equal(SHA256.HashData(own.RawData), token.Confirmation.ToArray());
        Assert.Equal(agent.Certificate.Fingerprint(), token.Holder.Thumbprint.ToArray());
        Assert.True(await world.IsActiveAsync(agent, reply.Token));

        // It dies with the certificate that vouches for the key.
        await world.RevokeAsync(agent.Certificate);
        Assert.False(await world.IsActiveAsync(await world.AgentAsync(), reply.Token));
        Assert.Equal("invalid_client", (await world.PostAsync(OAuthOptions.TokenPath, own, ("client_id", agent.Id), ("grant_type", "client_credentials"))).Error);
    }

    /// <summary>The watch works beside everything else: waits for the first finding about an agent.</summary>
    private async Task<string> FoundAsync(OAuthAgent agent)
    {
        while (true)
        {
            await foreach (var record in world.Authority.Store.ReadAsync(0, TestContext.Current.CancellationToken))
            {
                if (record is { Leaf.Kind: LedgerEntryKind.BehaviourFound, Details: { } details } && details.Facts["agent"] == agent.Id)
                {
                    return details.Facts["detector"];
                }
            }

            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
