using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.OAuth;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography.Jose;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.OAuth;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>An agent as it comes to the token endpoint.</summary>
internal sealed record OAuthAgent(string Id, Certificate Certificate, X509Certificate2 Tls, ECDsa Key)
{
    public string Thumbprint => Base64Url.EncodeToString(Certificate.Fingerprint());
}

/// <summary>An answer.</summary>
internal sealed record OAuthReply(HttpStatusCode Status, JsonElement Body)
{
    public string? Error => Text("error");

    public string Token => Text("access_token") ?? throw new InvalidOperationException($"No token: {Status} {Body}");

    public string? Text(string name) => Body.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>All tests of OAuth share one world.</summary>
[CollectionDefinition(OAuthWorld.Collection)]
public sealed class OAuthCollection : ICollectionFixture<OAuthWorld>;

/// <summary>The authorization server over real TLS in front of a whole authority. One for all tests: each makes agents of its own.</summary>
public sealed class OAuthWorld : IAsyncLifetime
{
    public const string Collection = "oauth";
    public const string Issuer = "https://pki.test";
    public const string Tools = "https://tools.test";
    public const string Mcp = "https://mcp.test/mcp";
    public const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    private readonly ConcurrentDictionary<string, AgentPolicy> _policies = new();
    private TestServer _server = null!;
    private ProtocolServices _services = null!;

    internal TestAuthority Authority { get; private set; } = null!;

    internal bool TakesJwtSvids { get; init; } = true;

    internal TestServer Server => _server;

    public async ValueTask InitializeAsync()
    {
        Authority = await TestAuthority.StartAsync(
            TestAuthority.DefaultOptions with { OAuth = new OAuthOptions { Issuer = Issuer, TakesJwtSvids = TakesJwtSvids, Resources = [new(Tools), new(Mcp, KnowsNoMtls: true)] } },
            surroundings: e => e with { WatchRules = new RulesFolder(isGoverned: false, "detectors: {burst: {bound: 9}, refusals: {bound: 7}}"), BoundsOf = (agent, _) => [_policies.GetValueOrDefault(agent.Id, AgentPolicy.Nothing)] });
        var options = new ProtocolOptions { EnrollmentRates = new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited } };
        _services = new ProtocolServices(Authority.Services, Authority.Providers, options, Authority.Time, NullLoggerFactory.Instance);
        _server = await TestServer.StartAsync(routes =>
        {
            routes.MapOAuth(_services.OAuth!);
            routes.MapOAuthKeys(_services.OAuth!);
        });
    }

    /// <summary>Enrols an agent that has these scopes by itself.</summary>
    internal async Task<OAuthAgent> AgentAsync(OAuthAgent? parent = null, params string[] scopes)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (certificate, tls) = await EnrollAsync(Name(), key);
        var id = certificate.SpiffeId!.ToString();
        _policies[id] = AgentPolicy.Create(new AgentPolicyParts { Scopes = ScopeSet.Of(scopes) });
        if (parent is not null)
        {
            Assert.IsType<Outcome<AgentPki.Agents.AgentRecord>.Done>(await Authority.Services.Agents.SetParentAsync(id, parent.Id, "admin:test", "test", default));
        }

        return new OAuthAgent(id, certificate, tls, key);
    }

    /// <summary>Gives an agent another policy.</summary>
    internal void Limit(OAuthAgent agent, AgentPolicyParts policy) => _policies[agent.Id] = AgentPolicy.Create(policy);

    /// <summary>A further certificate of an agent, over another key.</summary>
    internal async Task<OAuthAgent> AgainAsync(OAuthAgent agent)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (certificate, tls) = await EnrollAsync(agent.Id[(agent.Id.LastIndexOf('/') + 1)..], key);
        return agent with { Certificate = certificate, Tls = tls, Key = key };
    }

    internal Task<OAuthReply> TokenAsync(OAuthAgent agent, params (string Name, string Value)[] parameters) =>
        PostAsync(OAuthOptions.TokenPath, agent.Tls, [("client_id", agent.Id), ("grant_type", "client_credentials"), .. parameters]);

    internal Task<OAuthReply> ExchangeAsync(OAuthAgent agent, string subjectToken, params (string Name, string Value)[] parameters) =>
        PostAsync(OAuthOptions.TokenPath, agent.Tls, [("client_id", agent.Id), ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subjectToken), ("subject_token_type", AccessTokenType), .. parameters]);

    internal Task<OAuthReply> InspectAsync(OAuthAgent asker, string token) => PostAsync(OAuthOptions.IntrospectionPath, asker.Tls, [("client_id", asker.Id), ("token", token)]);

    internal async Task<bool> IsActiveAsync(OAuthAgent asker, string token)
    {
        var reply = await InspectAsync(asker, token);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        return reply.Body.GetProperty("active").GetBoolean();
    }

    internal async Task<OAuthReply> PostAsync(string path, X509Certificate2? tls, params (string Name, string Value)[] parameters)
    {
        using var client = _server.Client(tls);
        using var content = new FormUrlEncodedContent(parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)));
        using var answer = await client.PostAsync(path, content, TestContext.Current.CancellationToken);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        return new OAuthReply(answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    internal async Task<JsonElement> GetAsync(string path)
    {
        using var client = _server.Client();
        return JsonElement.Parse(await client.GetStringAsync(path, TestContext.Current.CancellationToken));
    }

    internal async Task RevokeAsync(Certificate certificate) => Assert.IsType<Outcome<RevocationResult>.Done>(await Authority.Services.Revocations.RevokeAsync(
        new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded, "admin:test", "test", "c"), default));

    /// <summary>A client assertion (RFC 7523), good unless it is told otherwise.</summary>
    internal string Assertion(OAuthAgent agent, string? audience = Issuer, string? id = null, TimeSpan? ends = null, string? header = null, string? claims = null, ECDsa? key = null)
    {
        var now = Authority.Time.GetUtcNow();
        header ??= $$"""{"alg":"ES256","typ":"JWT","x5t#S256":"{{agent.Thumbprint}}"}""";
        claims ??= $$"""{"iss":"{{agent.Id}}","sub":"{{agent.Id}}","aud":"{{audience}}","jti":"{{id ?? Name()}}","exp":{{(now + (ends ?? TimeSpan.FromMinutes(1))).ToUnixTimeSeconds()}}}""";
        return Jws(header, claims, key ?? agent.Key);
    }

    internal static string Jws(string header, string payload, ECDsa key)
    {
        var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))}";
    }

    internal static AccessToken Read(string token)
    {
        Assert.True(CompactJws.TryParse(token, out var jws, out _));
        Assert.True(AccessToken.TryParse(jws.Payload, out var content, out var error), error);
        return content;
    }

    internal static JsonElement Claims(string token) => JsonElement.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));

    internal static JsonElement Header(string token) => JsonElement.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]));

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _services.DisposeAsync();
        await Authority.DisposeAsync();
    }

    private static string Name() => $"a{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";

    private async Task<(Certificate, X509Certificate2)> EnrollAsync(string name, ECDsa key)
    {
        var csr = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var outcome = await Authority.EnrollAsync(Pkcs10Request.Parse(csr), await Authority.CredentialAsync());
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(outcome);
        using var bare = X509CertificateLoader.LoadCertificate(issued.Certificate.Der.Span);
        return (issued.Certificate, bare.CopyWithPrivateKey(key));
    }
}
