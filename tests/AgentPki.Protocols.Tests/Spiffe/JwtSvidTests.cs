using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Grpc.Core;

namespace AgentPki.Protocols.Tests.Spiffe;

/// <summary>FetchJWTSVID, FetchJWTBundles and ValidateJWTSVID over a real Unix socket, with a stock gRPC client.</summary>
public sealed class JwtSvidTests
{
    private const string Audience = "https://tools.example";
    private const string Id = $"spiffe://{TestAuthority.TrustDomain}/agent/test";

    [Fact]
    public async Task FetchJWTSVID_RegisteredProcess_TokenThatABundleOfThePlatformVerifies()
    {
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(hint: "internal"));
        var client = server.Client();

        var svid = Assert.Single((await FetchAsync(client)).Svids);

        Assert.Equal((Id, "internal"), (svid.SpiffeId, svid.Hint));
        var (header, claims) = (Part(svid.Svid, 0), Part(svid.Svid, 1));
        Assert.Equal(["alg", "kid", "typ"], header.EnumerateObject().Select(m => m.Name).Order());
        Assert.Equal(("ES256", "JWT", Id, Audience), (header.GetProperty("alg").GetString(), header.GetProperty("typ").GetString(), claims.GetProperty("sub").GetString(), claims.GetProperty("aud")[0].GetString()));
        var now = server.Authority.Time.GetUtcNow();
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("exp").GetInt64()), now + TimeSpan.FromMinutes(4), now + TimeSpan.FromMinutes(5));

        // The platform's ECDSA, on the key of that id in the bundle.
        using var call = client.FetchJWTBundles(new JWTBundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
        var bundle = Assert.Single((await server.NextAsync(call)).Bundles);
        Assert.Equal($"spiffe://{TestAuthority.TrustDomain}", bundle.Key);
        using var set = JsonDocument.Parse(bundle.Value.Memory);
        var key = Assert.Single(set.RootElement.GetProperty("keys").EnumerateArray(), k => k.GetProperty("kid").GetString() == header.GetProperty("kid").GetString());
        Assert.Equal("jwt-svid", key.GetProperty("use").GetString());
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Base64Url.DecodeFromChars(key.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(key.GetProperty("y").GetString()) } });
        var dot = svid.Svid.LastIndexOf('.');
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes(svid.Svid[..dot]), Base64Url.DecodeFromChars(svid.Svid.AsSpan(dot + 1)), HashAlgorithmName.SHA256));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchJWTSVID_AgainAndAgain_OneTokenUntilHalfOfItsLifeAndOneLedgerEntryForEach()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();

        var first = Assert.Single((await FetchAsync(client)).Svids).Svid;
        Assert.Equal(first, Assert.Single((await FetchAsync(client)).Svids).Svid);
        await server.PassAsync(TimeSpan.FromMinutes(3));
        Assert.NotEqual(first, Assert.Single((await FetchAsync(client)).Svids).Svid);

        var records = await server.Authority.Services.Stores.Ledger.SearchAsync(new AgentPki.Ledger.Search.LedgerQuery { Kind = LedgerEntryKind.WorkloadTokenIssued }, 0, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, records.Count);
        Assert.Contains(records, r => r.Details!.Facts["jti"] == Part(first, 1).GetProperty("jti").GetString());
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("")]
    [InlineData("a\nb")]
    public async Task FetchJWTSVID_NoAudienceOrABadOne_InvalidArgument(string audience)
    {
        await using var server = await WorkloadServer.StartAsync();
        var request = new JWTSVIDRequest();
        request.Audience.AddRange(audience.Length == 0 ? [] : [audience]);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await server.Client().FetchJWTSVIDAsync(request, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchJWTSVID_AnotherProcesssId_PermissionDenied()
    {
        await using var server = await WorkloadServer.StartAsync(entries: [WorkloadServer.Entry(), WorkloadServer.Entry("other", "/agent/other", selectors: "unix:uid:4294967294")]);
        var request = new JWTSVIDRequest { Audience = { Audience }, SpiffeId = $"spiffe://{TestAuthority.TrustDomain}/agent/other" };

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await server.Client().FetchJWTSVIDAsync(request, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchJWTSVID_ManyAudiences_EndsAtItsShare()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await FetchAsync(client, $"a{i}");
            }
        });

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Fact]
    public async Task ValidateJWTSVID_GoodToken_ItsClaims_AndNothingOnceTheAgentIsSuspended()
    {
        await using var server = await WorkloadServer.StartAsync(entries: [WorkloadServer.Entry(), WorkloadServer.Entry("other", "/agent/other")]);
        var client = server.Client();
        var token = (await FetchAsync(client)).Svids[0].Svid;

        var good = await ValidateAsync(client, token, Audience);

        Assert.Equal(Id, good.SpiffeId);
        Assert.Equal(Id, good.Claims.Fields["sub"].StringValue);
        await server.Authority.Services.Agents.SetStateAsync(Id, AgentState.Suspended, "admin:test", "c", TestContext.Current.CancellationToken);
        await RefusedAsync(client, token, Audience, "not active");
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task ValidateJWTSVID_WrongAudienceTamperedUnsignedForeignOrEnded_InvalidArgument()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();
        var token = (await FetchAsync(client)).Svids[0].Svid;
        var parts = token.Split('.');

        await RefusedAsync(client, token, "https://other.example", "another audience");
        await RefusedAsync(client, $"{parts[0]}.{Encode(Part(token, 1).GetRawText().Replace("/agent/test", "/agent/root", StringComparison.Ordinal))}.{parts[2]}", Audience, "no key");
        await RefusedAsync(client, $"{Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.AA", Audience, "alg is not taken");
        await RefusedAsync(client, $"{Encode(Part(token, 0).GetRawText().Replace("JWT", "at+jwt", StringComparison.Ordinal))}.{parts[1]}.{parts[2]}", Audience, "typ");
        await RefusedAsync(client, $"{parts[0]}.{Encode(Part(token, 1).GetRawText().Replace(TestAuthority.TrustDomain, "other.test", StringComparison.Ordinal))}.{parts[2]}", Audience, "not known here");
        await RefusedAsync(client, $"{parts[0]}.{Encode(Part(token, 1).GetRawText().Replace("\"sub\"", "\"sub\":\"spiffe://x/y\",\"sub\"", StringComparison.Ordinal))}.{parts[2]}", Audience, "twice");
        await server.PassAsync(TimeSpan.FromMinutes(6));
        await RefusedAsync(client, token, Audience, "has ended");
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task ValidateJWTSVID_SignersCertificateRevoked_AnotherKeySignsAndTheOldTokensAreWorthNothing()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();
        var token = (await FetchAsync(client)).Svids[0].Svid;
        using var call = client.FetchJWTBundles(new JWTBundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
        var before = (await server.NextAsync(call)).Bundles.Single().Value;
        var signer = (await server.Authority.Services.Stores.Certificates.ListAsync(50, TestContext.Current.CancellationToken)).First(c => c.Certificate.Profile == "appliance-jwt");

        await server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(Certificate.Parse(signer.Certificate.Der)), RevocationReason.KeyCompromise, "admin:test", "test", "c", IncludeAppliance: true), TestContext.Current.CancellationToken);

        Assert.NotEqual(before, (await server.NextAsync(call)).Bundles.Single().Value);
        await RefusedAsync(client, token, Audience, "no key");
        await ValidateAsync(client, (await FetchAsync(client)).Svids[0].Svid, Audience);
    }

    [Theory]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":"b","exp":2000000000}""", true)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":["b","c"],"exp":2000000000.5,"iat":1}""", true)]
    [InlineData("""{"sub":"spiffe://a.test","aud":"b","exp":2000000000}""", false)]
    [InlineData("""{"sub":"https://a.test/x","aud":"b","exp":2000000000}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":[],"exp":2000000000}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":["b",1],"exp":2000000000}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":"b"}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":"b","exp":"2000000000"}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":"b","exp":1e300}""", false)]
    [InlineData("""{"sub":"spiffe://a.test/x","aud":"b","exp":1,"exp":2000000000}""", false)]
    [InlineData("[]", false)]
    [InlineData("{", false)]
    public void Claims_AsTheStandardDemands_OrNot(string json, bool good) => Assert.Equal(good, JwtSvidClaims.TryParse(Encoding.UTF8.GetBytes(json), out _, out _));

    private static async Task<JWTSVIDResponse> FetchAsync(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client, string audience = Audience) =>
        await client.FetchJWTSVIDAsync(new JWTSVIDRequest { Audience = { audience } }, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);

    private static async Task<ValidateJWTSVIDResponse> ValidateAsync(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client, string token, string audience) =>
        await client.ValidateJWTSVIDAsync(new ValidateJWTSVIDRequest { Audience = audience, Svid = token }, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);

    private static async Task RefusedAsync(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client, string token, string audience, string reason)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => ValidateAsync(client, token, audience));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains(reason, refused.Status.Detail, StringComparison.Ordinal);
    }

    private static JsonElement Part(string token, int index)
    {
        using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[index]));
        return document.RootElement.Clone();
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
