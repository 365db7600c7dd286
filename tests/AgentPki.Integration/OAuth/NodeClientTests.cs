using System.Text.Json;
using AgentPki.Integration.Guard;
using AgentPki.Integration.Harness;
using AgentPki.Protocols.Spiffe.Wire;

namespace AgentPki.Integration.OAuth;

/// <summary>The npm package openid-client, driven by <c>tests/foreign/node/openid-client.mjs</c>, tokens at the guard, and tokens for a workload that has a JWT-SVID and nothing else.</summary>
public sealed class NodeClientTests(OAuthAppliance shared) : IClassFixture<OAuthAppliance>, IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    [Trait("tier", "full")]
    public async Task OpenIdClient_ByCertificate_ByExchange_ByAssertion_IsServed()
    {
        var appliance = await shared.GetAsync();
        var (parent, child) = await FamilyAsync(appliance);
        var variables = new Dictionary<string, string>
        {
            ["OAUTH_MODULES"] = Path.Combine((await Tool.RunAsync(Path.Combine(SourceTree.Foreign, "oauth-clients.sh"), [Path.Combine(SourceTree.Root, ".tools", "oauth-clients")], limit: TimeSpan.FromMinutes(10))).MustSucceed().Text.Trim(), "node_modules"),
            ["OAUTH_ISSUER"] = $"https://localhost:{appliance.HttpsPort}",
            ["OAUTH_CA"] = appliance.AnchorsFile,
            ["OAUTH_MCP"] = OAuthAppliance.Mcp,
        };
        foreach (var (name, agent) in new[] { ("PARENT", parent), ("CHILD", child) })
        {
            (variables[$"OAUTH_{name}_CERT"], variables[$"OAUTH_{name}_KEY"]) = agent.Write(_folder);
            variables[$"OAUTH_{name}_ID"] = OAuthAppliance.IdOf(agent);
        }

        var done = (await Tool.RunAsync("node", [Path.Combine(SourceTree.Foreign, "node", "openid-client.mjs")], folder: _folder.Path, environment: variables)).MustSucceed();
        Assert.Contains("done", done.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Guard_WithTokens_LetsInTheHolderAlone_UntilItsParentIsRevoked()
    {
        var appliance = await shared.GetAsync();
        await using var service = await EchoService.StartAsync();
        await using var guard = await GuardProcess.StartAsync(appliance, _folder, service.Url, "--oauth-issuer", $"https://localhost:{appliance.HttpsPort}", "--oauth-resource", OAuthAppliance.Tools);
        var (parent, child) = await FamilyAsync(appliance);
        var parents = await TokenAsync(appliance, parent, "grant_type=client_credentials", $"resource={OAuthAppliance.Tools}");
        var childs = await TokenAsync(appliance, child, "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", "subject_token_type=urn:ietf:params:oauth:token-type:access_token", $"subject_token={parents}");
        using var http = guard.Client(child);
        Assert.Equal(200, await StatusAsync(http, childs));
        Assert.Equal(401, await StatusAsync(http, parents));
        Assert.Equal(401, await StatusAsync(http, null));
        await appliance.Cli.RevokeAsync(parent.Serial);
        await Eventually.TrueAsync(async () => await StatusAsync(http, childs) == 401, TimeSpan.FromSeconds(30), () => $"still let in:\n{guard.Output}");
    }

    /// <summary>docs/oauth.md's command line.</summary>
    [Fact]
    [Trait("tier", "full")]
    public async Task Curl_ByAJwtSvidOfTheWorkloadApi_GetsATokenForMcp_UntilItsAgentIsSuspended()
    {
        const string developer = "spiffe://agents.localhost/agent/developer";
        var appliance = await shared.GetAsync();
        using var workload = new WorkloadClient(appliance.Home);
        var fetched = await workload.Api.FetchJWTSVIDAsync(
            new JWTSVIDRequest { Audience = { $"https://localhost:{appliance.HttpsPort}" } }, WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        var svid = Assert.Single(fetched.Svids).Svid;
        var service = await EnrolledAgent.CreateAsync(appliance, "service");

        var token = (await PostAsync("grant_type=client_credentials", $"resource={OAuthAppliance.Mcp}")).GetProperty("access_token").GetString();
        var said = await CurlTokens.PostAsync(appliance, _folder, service, "introspect", $"token={token}");
        Assert.Equal((true, developer), (said.GetProperty("active").GetBoolean(), said.GetProperty("sub").GetString()));
        Assert.Equal("invalid_target", (await PostAsync("grant_type=client_credentials", $"resource={OAuthAppliance.Tools}")).GetProperty("error").GetString());

        (await appliance.Cli.RunAsync("agent", "suspend", developer)).MustSucceed();
        Assert.Equal("invalid_client", (await PostAsync("grant_type=client_credentials", $"resource={OAuthAppliance.Mcp}")).GetProperty("error").GetString());
        Assert.False((await CurlTokens.PostAsync(appliance, _folder, service, "introspect", $"token={token}")).GetProperty("active").GetBoolean());

        async Task<JsonElement> PostAsync(params string[] parameters) => JsonElement.Parse((await Tool.RunAsync(
            "curl",
            [
                "-sS", "--noproxy", "*", "--cacert", appliance.AnchorsFile,
                .. new[] { $"client_id={developer}", "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-spiffe", $"client_assertion={svid}" }.Concat(parameters).SelectMany(p => new[] { "--data-urlencode", p }),
                $"https://localhost:{appliance.HttpsPort}/oauth/token",
            ],
            folder: _folder.Path)).MustSucceed().Text);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<int> StatusAsync(HttpClient http, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "headers");
        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        using var answer = await http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    private static async Task<(EnrolledAgent Parent, EnrolledAgent Child)> FamilyAsync(Appliance appliance)
    {
        var (parent, child) = (await EnrolledAgent.CreateAsync(appliance, "parent"), await EnrolledAgent.CreateAsync(appliance, "child"));
        (await appliance.Cli.RunAsync("agent", "set-parent", OAuthAppliance.IdOf(child), "--parent", OAuthAppliance.IdOf(parent))).MustSucceed();
        return (parent, child);
    }

    private Task<string> TokenAsync(Appliance appliance, EnrolledAgent agent, params string[] parameters) => CurlTokens.TokenAsync(appliance, _folder, agent, parameters);
}
