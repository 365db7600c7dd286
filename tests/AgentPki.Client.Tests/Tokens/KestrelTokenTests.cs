using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using AgentPki.Client.Tests.Peers;
using AgentPki.Client.Tokens;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AgentPki.Client.Tests.Tokens;

/// <summary>An MCP server on Kestrel: some clients have certificates, others have none.</summary>
public sealed class KestrelTokenTests : IAsyncLifetime
{
    private PeerWorld _world = null!;
    private PeerGate _gate = null!;
    private TokenVerifier _tokens = null!;
    private WebApplication _app = null!;
    private ISigningKey _key = null!;
    private Uri _url = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await PeerWorld.CreateAsync();
        _gate = await _world.GateAsync();
        (_key, _) = await _world.TokenSignerAsync();
        _tokens = _world.Tokens(_gate, takesUnbound: true);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_gate);
        builder.Services.AddSingleton(_tokens);
        builder.Services.AddAgentPki(_ => { }).AddAgentPkiTokens(o => (o.Issuer, o.Resource, o.TakesUnbound) = (PeerWorld.Issuer, PeerWorld.Resource, true));
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(_world.Agent("server/one"))));
        _app = builder.Build();
        _app.UseAuthentication();
        _app.UseAuthorization();
        _app.MapAgentPkiResource();
        _app.MapGet("/crm", (HttpContext context) => $"{context.User.Identity?.Name} for {context.GetAccessToken()?.Subject}").RequireScope("tool.invoke", "crm/customers");
        _app.MapGet("/erp", () => "erp").RequireScope("tool.invoke", "erp/orders");
        await _app.StartAsync(TestContext.Current.CancellationToken);
        _url = new Uri($"https://localhost:{new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port}/");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _gate.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Stranger_IsToldWhereToGetAToken()
    {
        var (status, text, challenge) = await GetAsync("crm", null, null);
        Assert.Equal((HttpStatusCode.Unauthorized, "An access token is needed here.\n"), (status, text));
        Assert.Equal("Bearer resource_metadata=\"https://tools.test/.well-known/oauth-protected-resource\"", challenge);
        var metadata = JsonElement.Parse((await GetAsync(".well-known/oauth-protected-resource", null, null)).Text);
        Assert.Equal(PeerWorld.Resource, metadata.GetProperty("resource").GetString());
        Assert.Equal(PeerWorld.Issuer, metadata.GetProperty("authorization_servers")[0].GetString());
    }

    [Fact]
    public async Task BoundToken_PassesWithItsCertificate_ForItsScope()
    {
        using var parent = _world.Agent("parent");
        using var agent = _world.Agent("child");
        using var other = _world.Agent("other");
        var token = await PeerWorld.SignAsync(_key, _world.Token(parent, agent));
        Assert.Equal((HttpStatusCode.OK, "spiffe://agents.test/child for spiffe://agents.test/parent"), Part(await GetAsync("crm", agent, token)));
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync("erp", agent, token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("crm", parent, token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("crm", other, token)).Status);
        var (status, _, challenge) = await GetAsync("crm", null, token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("error=\"invalid_token\"", challenge, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("crm", agent, null)).Status); // the certificate alone is no token
    }

    [Fact]
    public async Task UnboundToken_PassesWithoutACertificate_UntilTheFeedSaysOtherwise()
    {
        using var agent = _world.Agent("mcp");
        var token = await PeerWorld.SignAsync(_key, _world.Token(agent) with { Confirmation = default, Scopes = ScopeSet.Of("tool.invoke:crm/**") });
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("crm", null, token)).Status);
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => !_gate.Follower.View.Check(PeerWorld.Parsed(agent)).IsGood);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("crm", null, token)).Status);
    }

    private static (HttpStatusCode, string) Part((HttpStatusCode Status, string Text, string Challenge) answer) => (answer.Status, answer.Text);

    private async Task<(HttpStatusCode Status, string Text, string Challenge)> GetAsync(string path, X509Certificate2? agent, string? token)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions =
            {
                ClientCertificateContext = agent is null ? null : SslStreamCertificateContext.Create(agent, [_world.IssuingCertificate], offline: true),
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_url, path));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer.Headers.WwwAuthenticate.ToString());
    }
}
