using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>Every resource belongs to its account: every other account meets it as if it were not there, and nothing of it moves.</summary>
public sealed class AcmeIsolationTests
{
    [Fact]
    public async Task EveryResource_AskedForByEveryOtherAccount_IsNotThere()
    {
        await using var server = await AcmeServer.StartAsync();
        // So that there are alternate chains.
        var draft = new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.EcdsaP384));
        Assert.IsType<Outcome<SuccessionChange>.Done>(await server.Authority.Services.Successions.StartAsync(draft, "admin:test", "c", TestContext.Current.CancellationToken));
        var accounts = new List<(AcmeTestClient Client, List<(string Name, string Url, JsonObject? Payload)> Resources, byte[] Certificate)>();
        for (var i = 0; i < 3; i++)
        {
            accounts.Add(await PopulateAsync(server, $"n{i}.test"));
        }

        var before = await StatesAsync(accounts);
        foreach (var (owner, resources, certificate) in accounts)
        {
            foreach (var (other, _, _) in accounts.Where(a => a.Client != owner))
            {
                foreach (var (name, url, payload) in resources)
                {
                    var answer = payload is null ? await other.GetAsync(url) : await other.PostAsync(url, payload);
                    Assert.True(answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Forbidden, $"{name}: {answer}");
                    Assert.True(answer.Problem is "malformed" or "unauthorized", $"{name}: {answer}");
                }

                var revocation = await other.PostAsync(await other.UrlAsync("revokeCert"), new JsonObject { ["certificate"] = Base64Url.EncodeToString(certificate) });
                Assert.Equal("unauthorized", revocation.Problem);

                // Signed with the other's key in the owner's name.
                var forged = await other.PostAsync(owner.Account!, [], header => header with { KeyId = owner.Account });
                Assert.Equal("malformed", forged.Problem);
            }
        }

        Assert.Equal(before, await StatesAsync(accounts));
    }

    private static async Task<(AcmeTestClient, List<(string, string, JsonObject?)>, byte[])> PopulateAsync(AcmeServer server, string name)
    {
        var client = await server.RegisteredAsync();
        var (certificate, done) = await client.ObtainAsync(null, null, ("dns", name));
        var pending = await client.OrderAsync(("dns", "pending." + name));
        var ready = await client.AuthorizeAsync(await client.OrderAsync(("dns", "ready." + name)));
        var authorization = pending.Json["authorizations"]![0]!.ToString();
        var challenge = AcmeTestClient.ChallengeOf(await client.GetAsync(authorization), "http-01");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (client,
        [
            ("account", client.Account!, null),
            ("account update", client.Account!, new JsonObject { ["contact"] = new JsonArray("mailto:evil@b.test") }),
            ("account end", client.Account!, new JsonObject { ["status"] = "deactivated" }),
            ("orders", client.Account! + "/orders", null),
            ("order", pending.Location!, null),
            ("done order", done.Location!, null),
            ("finalize", ready.Json["finalize"]!.ToString(), new JsonObject { ["csr"] = Base64Url.EncodeToString(AcmeTestClient.Csr(key, ("dns", "ready." + name))) }),
            ("authorization", authorization, null),
            ("authorization end", authorization, new JsonObject { ["status"] = "deactivated" }),
            ("challenge", challenge, null),
            ("challenge answer", challenge, []),
            ("certificate", done.Json["certificate"]!.ToString(), null),
            ("alternate chain", (await client.GetAsync(done.Json["certificate"]!.ToString())).Link("alternate")!, null),
        ], certificate.RawData);
    }

    private static async Task<List<string>> StatesAsync(List<(AcmeTestClient Client, List<(string Name, string Url, JsonObject? Payload)> Resources, byte[] Certificate)> accounts)
    {
        var states = new List<string>();
        foreach (var (client, resources, _) in accounts)
        {
            foreach (var (name, url, payload) in resources.Where(r => r.Payload is null))
            {
                states.Add($"{name} {(await client.GetAsync(url)).Text}");
            }
        }

        return states;
    }
}
