using System.Security.Cryptography;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Profiles;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>Under which address a client knows the service and its account; challenges and CAA records name the account by that.</summary>
public sealed class AcmeAddressTests
{
    private const string Origin = "https://pki.example.test";

    [Fact]
    public async Task OneBaseUrl_ProxyDoesNotPassTheHostOn_EverythingIsBelowIt()
    {
        var records = new ScriptedCaa { Answer = new ValidationResult.Valid("ours") };
        await using var server = await AcmeServer.StartAsync(new AcmeOptions { BaseUrl = Origin, HasOneBaseUrl = true }, profiles: WithCaa(), caa: records);
        string? seen = null;
        server.Http01.Judge = (request, _) =>
        {
            seen = request.AccountUrl;
            return Task.FromResult<ValidationResult>(new ValidationResult.Valid("seen"));
        };
        var client = server.ClientOf(Origin);
        Assert.Null((await client.RegisterAsync()).Problem);
        Assert.StartsWith(Origin + "/acme/account/", client.Account, StringComparison.Ordinal);
        var (_, order) = await client.ObtainAsync(null, null, ("dns", "a.test"));

        Assert.StartsWith(Origin + "/acme/certificate/", order.Json["certificate"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(client.Account, seen);
        Assert.Equal(client.Account, records.Asked.Item3);
    }

    [Fact]
    public async Task NoBaseUrl_AccountIsNamedAsItsClientWasGivenIt_AfterARestartToo()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        Assert.StartsWith(server.Https.ToString(), client.Account, StringComparison.Ordinal);
        var seen = new List<string>();
        server.Http01.Judge = async (request, cancellationToken) =>
        {
            seen.Add(request.AccountUrl);
            await Task.Delay(seen.Count == 1 ? Timeout.Infinite : 0, cancellationToken);
            return new ValidationResult.Valid("seen");
        };
        var order = await client.OrderAsync(("dns", "a.test"));
        var posted = client.PostAsync(AcmeTestClient.ChallengeOf(await client.GetAsync(order.Json["authorizations"]![0]!.ToString()), "http-01"), []);
        while (await Task.WhenAny(posted, Task.Delay(5, TestContext.Current.CancellationToken)) != posted)
        {
            server.Authority.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await server.Authority.RestartAsync();
        for (var i = 0; i < 400 && server.Http01.Looks < 2; i++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.Equal([client.Account!, client.Account!], seen);
    }

    [Fact]
    public async Task NonceOfAnotherNode_IsRefusedWithItsNode_AndOneOfOurOwn()
    {
        await using var server = await AcmeServer.StartAsync(wire: new AgentPki.Protocols.Acme.AcmeWireOptions { Nonces = new() { Node = 7 } });
        var client = await server.RegisteredAsync();
        var foreign = new AgentPki.Protocols.Acme.Nonces.AcmeNonces(new() { Node = 3 }, TimeProvider.System).Create();

        var refused = await client.PostAsync(client.Account!, [], header => header with { Nonce = foreign });

        Assert.Equal("badNonce", refused.Problem);
        Assert.Contains("node 3, and this is node 7", refused.Json["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal((ushort)7, AgentPki.Protocols.Acme.Nonces.AcmeNonces.Home(refused.Nonce));
        Assert.Null((await client.GetAsync(client.Account!)).Problem);
    }

    private static ProfileCatalog WithCaa() => ProfileCatalog.Read([.. ProfileCatalog.DefaultTexts().Select(t => t.File == "agent.yaml" ? (t.File, t.Yaml.Replace("  ip: proven", "  caa: true\n  ip: proven", StringComparison.Ordinal)) : t)]);
}
