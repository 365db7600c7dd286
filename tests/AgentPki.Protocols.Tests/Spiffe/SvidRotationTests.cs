using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using Grpc.Core;

namespace AgentPki.Protocols.Tests.Spiffe;

/// <summary>What workloads with open streams hear of a CA that goes over to another key, and of a campaign.</summary>
[Trait("tier", "full")]
public sealed class SvidRotationTests
{
    private const string Audience = "https://tools.example";

    // What is heard at once comes within minutes of the tests' clock, which runs while the machine works; half of an SVID's life is 30.
    private static readonly TimeSpan AtOnce = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task FetchX509SVID_CaGoesOver_TheNewRootFirst_ThenItsSvidAtOnce_AndCrlsOfBothCasUntilTheOldIsGone()
    {
        await using var server = await WorkloadServer.StartAsync();
        var (oldAgent, _) = await server.Authority.AgentAsync("old");
        using var call = server.Svids();
        var first = await server.NextAsync(call);
        var (oldRoot, before) = (Assert.Single(X509SvidTests.Split(first.Svids[0].Bundle.Span)), X509SvidTests.Split(first.Svids[0].X509Svid.Span));

        // Prepared: everybody hears of the root before anything comes from it.
        await StartAsync(server);
        var prepared = await UntilAsync(server, call, r => X509SvidTests.Split(r.Svids[0].Bundle.Span).Count == 2);
        Assert.Equal(first.Svids[0].X509Svid, prepared.Svids[0].X509Svid);
        var roots = X509SvidTests.Split(prepared.Svids[0].Bundle.Span);

        var begun = server.Authority.Time.GetUtcNow();
        await DoneAsync(server.Authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", TestContext.Current.CancellationToken));
        var switched = await UntilAsync(server, call, r => r.Svids[0].X509Svid != first.Svids[0].X509Svid);

        Assert.InRange(server.Authority.Time.GetUtcNow() - begun, TimeSpan.Zero, AtOnce);
        var after = X509SvidTests.Split(switched.Svids[0].X509Svid.Span);
        Assert.Equal(server.Authority.Services.Issuers.Find("issuing-2")!.Certificate.SubjectKeyIdentifier.ToArray(), Certificate.Parse(after[0].RawData).AuthorityKeyIdentifier.ToArray());
        Assert.NotEqual(first.Svids[0].X509SvidKey, switched.Svids[0].X509SvidKey);
        var now = server.Authority.Time.GetUtcNow();
        Assert.True(X509SvidTests.Verifies(after, roots, now));
        Assert.True(X509SvidTests.Verifies(before, roots, now)); // a peer that has not looked yet
        Assert.True(X509SvidTests.Verifies(after, [roots.Single(r => !r.RawData.SequenceEqual(oldRoot.RawData))], now));

        // The old CA's agents are believed still, so what is revoked of them is said still.
        Assert.True(ListedBy(switched).IsSupersetOf(["issuing", "issuing-2", "root", "root-2"]), string.Join(' ', ListedBy(switched)));
        await server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(oldAgent), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        await UntilAsync(server, call, r => r.Crl.Any(l => CertificateList.Parse(l.ToByteArray()).Entries.Any(e => e.SerialNumber.Span.SequenceEqual(oldAgent.SerialNumber.Span))));

        await DoneAsync(server.Authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", TestContext.Current.CancellationToken));
        var finished = await UntilAsync(server, call, r => X509SvidTests.Split(r.Svids[0].Bundle.Span).Count == 1);
        Assert.NotEqual(oldRoot.RawData, X509SvidTests.Split(finished.Svids[0].Bundle.Span)[0].RawData);
        Assert.Equal(switched.Svids[0].X509Svid, finished.Svids[0].X509Svid);

        HashSet<string> ListedBy(X509SVIDResponse response) => [.. response.Crl.Select(l => CertificateList.Parse(l.ToByteArray()))
            .Select(l => server.Authority.Services.Issuers.All.Single(i => i.Certificate.Subject.Equals(l.Issuer) && l.VerifySignature(i.Certificate.PublicKey, server.Authority.Providers)).Name)];
    }

    [Fact]
    public async Task FetchX509SVID_CampaignGivesItsAgentAnotherKindOfKey_TheStreamGetsThatAtOnce_AndAnotherAgentsStreamNothing()
    {
        await using var server = await WorkloadServer.StartAsync(entries: [WorkloadServer.Entry(), WorkloadServer.Entry("other", "/agent/other", "team-b")]);
        using var call = server.Svids();
        var first = await server.NextAsync(call);
        Assert.All(first.Svids, s => Assert.Equal(256, X509SvidTests.Split(s.X509Svid.Span)[0].GetECDsaPublicKey()!.KeySize));
        var (mine, others) = (first.Svids[0], first.Svids[1]);

        var begun = server.Authority.Time.GetUtcNow();
        var draft = new CampaignDraft("p384", new CampaignSelector([], ["team-a"], []), new CampaignTarget(KeyAlgorithm.EcdsaP384, null), CampaignRecord.Whole);
        Assert.IsType<Outcome<CampaignChange>.Done>(await server.Authority.Services.Migrations.StartAsync(draft, "admin:test", "c", TestContext.Current.CancellationToken));
        var moved = await UntilAsync(server, call, r => r.Svids[0].X509Svid != mine.X509Svid);

        Assert.InRange(server.Authority.Time.GetUtcNow() - begun, TimeSpan.Zero, AtOnce);
        var chain = X509SvidTests.Split(moved.Svids[0].X509Svid.Span);
        Assert.Equal(384, chain[0].GetECDsaPublicKey()!.KeySize);
        Assert.True(X509SvidTests.Verifies(chain, X509SvidTests.Split(moved.Svids[0].Bundle.Span), server.Authority.Time.GetUtcNow()));
        Assert.Equal(others, moved.Svids[1]);
    }

    [Fact]
    public async Task FetchJWTBundles_CaGoesOver_TheNextSignersKeyIsSaid_AndTheFormersUntilItsTokensHaveEnded()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();
        var token = await TokenAsync(client);
        using var call = client.FetchJWTBundles(new JWTBundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
        var former = Assert.Single(KeysOf(await server.NextAsync(call)));

        await StartAsync(server);
        await DoneAsync(server.Authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", TestContext.Current.CancellationToken));
        await DoneAsync(server.Authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", TestContext.Current.CancellationToken));

        var both = KeysOf(await server.NextAsync(call));
        Assert.Equal(2, both.Count);
        Assert.Contains(former, both);
        Assert.True(await IsGoodAsync(client, token)); // nobody's token ends early
        var next = await TokenAsync(client);
        Assert.True(await IsGoodAsync(client, next));

        Assert.Equal(both.Except([former]), KeysOf(await server.NextAsync(call))); // five minutes later
        Assert.False(await IsGoodAsync(client, token));
    }

    private static async Task StartAsync(WorkloadServer server) => await DoneAsync(server.Authority.Services.Successions.StartAsync(
        new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.EcdsaP384)), "admin:test", "c", TestContext.Current.CancellationToken));

    private static async Task DoneAsync(ValueTask<Outcome<SuccessionChange>> change) => Assert.IsType<Outcome<SuccessionChange>.Done>(await change);

    private static async Task<X509SVIDResponse> UntilAsync(WorkloadServer server, AsyncServerStreamingCall<X509SVIDResponse> call, Func<X509SVIDResponse, bool> condition)
    {
        while (true)
        {
            var response = await server.NextAsync(call);
            if (condition(response))
            {
                return response;
            }
        }
    }

    private static List<string> KeysOf(JWTBundlesResponse response)
    {
        using var set = JsonDocument.Parse(Assert.Single(response.Bundles).Value.Memory);
        return [.. set.RootElement.GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("kid").GetString()!)];
    }

    private static async Task<string> TokenAsync(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client) =>
        Assert.Single((await client.FetchJWTSVIDAsync(new JWTSVIDRequest { Audience = { Audience } }, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken)).Svids).Svid;

    private static async Task<bool> IsGoodAsync(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client, string token)
    {
        try
        {
            await client.ValidateJWTSVIDAsync(new ValidateJWTSVIDRequest { Audience = Audience, Svid = token }, WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
            return true;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.InvalidArgument)
        {
            return false;
        }
    }
}
