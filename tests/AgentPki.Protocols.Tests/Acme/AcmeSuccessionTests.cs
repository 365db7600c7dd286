using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>What ACME clients see of a CA that goes over to another key, and of a campaign: other chains (RFC 8555 §7.4.2), earlier windows (RFC 9773).</summary>
public sealed class AcmeSuccessionTests
{
    [Fact]
    public async Task Certificate_RootHasASuccessor_HasAnAlternateChainThatLeadsToIt()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var (_, before) = await client.ObtainAsync(null, null, ("dns", "a.test"));
        var url = before.Json["certificate"]!.ToString();
        Assert.Null((await client.GetAsync(url)).Link("alternate"));
        Assert.Equal("malformed", (await client.GetAsync(url + "/1")).Problem);
        await GoOverAsync(server);

        var first = await client.GetAsync(url);
        var alternate = first.Link("alternate")!;
        Assert.Equal(url + "/1", alternate);
        var second = await client.GetAsync(alternate);
        Assert.Equal(("application/pem-certificate-chain", url), (second.MediaType, second.Link("alternate")));
        var (chain, other) = (Chain(first.Text), Chain(second.Text));
        Assert.Equal(chain[0].RawData, other[0].RawData);
        Assert.Equal((2, 3), (chain.Count, other.Count));
        // The last of the other chain is the old root's key, certified by the new root.
        var roots = server.Authority.Services.Issuers;
        var cross = Certificate.Parse(other[2].RawData);
        Assert.Equal(roots.Find("root")!.Certificate.PublicKey, cross.PublicKey);
        Assert.True(cross.VerifySignature(roots.Find("root-2")!.Certificate.PublicKey, server.Authority.Providers));
        Assert.True(Certificate.Parse(other[1].RawData).VerifySignature(cross.PublicKey, server.Authority.Providers));

        // What is not there is not, and what is another's neither.
        Assert.Equal("malformed", (await client.GetAsync(url + "/2")).Problem);
        Assert.Equal("malformed", (await client.GetAsync(url + "/-1")).Problem);
        var stranger = await server.RegisteredAsync();
        foreach (var chainUrl in new[] { url, alternate })
        {
            var refused = await stranger.GetAsync(chainUrl);
            Assert.Equal((System.Net.HttpStatusCode.NotFound, "malformed"), (refused.Status, refused.Problem));
        }
    }

    [Fact]
    public async Task RenewalInfo_CaHasGoneOver_IsNow_AndNotForWhatTheNewOneIssued()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var old = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);
        var now = server.Authority.Time.GetUtcNow();
        Assert.True((await AcmeIncidentTests.InfoAsync(server, old)).Start > now);
        await GoOverAsync(server);
        var young = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);

        await AssertIsNowAsync(server, old, "has gone over to 'issuing-2'");
        Assert.True((await AcmeIncidentTests.InfoAsync(server, young)).Start > now);
    }

    [Fact]
    public async Task RenewalInfo_CampaignMovesTheAgent_IsNow_UntilItHasArrived()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var old = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);
        var draft = new CampaignDraft("p384", new CampaignSelector([], [], []), new CampaignTarget(KeyAlgorithm.EcdsaP384, null), CampaignRecord.Whole);
        Assert.IsType<Outcome<CampaignChange>.Done>(await server.Authority.Services.Migrations.StartAsync(draft, "admin:test", "c", TestContext.Current.CancellationToken));

        await AssertIsNowAsync(server, old, "campaign");
    }

    // Half of it past, half to come: a client that looks seldom moves too, and a fleet spreads itself.
    private static async Task AssertIsNowAsync(AcmeServer server, Certificate certificate, string why)
    {
        var (start, end, retry, _) = await AcmeIncidentTests.InfoAsync(server, certificate);
        var now = server.Authority.Time.GetUtcNow();
        Assert.Equal((now.AddSeconds(-retry), now.AddSeconds(retry)), (start, end));
        Assert.Contains(why, (await server.Acme.Renewals.FindAsync(AcmeRenewals.IdOf(certificate), TestContext.Current.CancellationToken))!.Reason, StringComparison.Ordinal);
    }

    private static async Task GoOverAsync(AcmeServer server)
    {
        var successions = server.Authority.Services.Successions;
        Assert.IsType<Outcome<SuccessionChange>.Done>(await successions.StartAsync(new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.EcdsaP384)), "admin:test", "c", TestContext.Current.CancellationToken));
        Assert.IsType<Outcome<SuccessionChange>.Done>(await successions.SwitchAsync("issuing", "admin:test", "c", TestContext.Current.CancellationToken));
    }

    private static X509Certificate2Collection Chain(string pem)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        return chain;
    }
}
