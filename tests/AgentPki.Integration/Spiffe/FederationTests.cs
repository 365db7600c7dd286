using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentPki.Integration.Harness;
using AgentPki.Protocols.Spiffe.Wire;
using Grpc.Core;

namespace AgentPki.Integration.Spiffe;

/// <summary>Two real appliances with trust domains of their own, each of which follows the other: SPIFFE Federation from end to end.</summary>
[Trait("tier", "full")]
public sealed class FederationTests
{
    private const string Audience = "https://tools.example";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task TwoAppliances_BelieveEachOthersAgents_AcrossRollOvers_AndWhileOneIsAway()
    {
        var started = await Task.WhenAll(FederationPeer.StartAsync("alpha.test"), FederationPeer.StartAsync("beta.test"));
        await using var alpha = started[0];
        await using var beta = started[1];
        using var folder = new TempFolder();
        var (alphas, betas) = (folder.File("alpha.json"), folder.File("beta.json"));
        await alpha.SaveBundleAsync(alphas);
        await beta.SaveBundleAsync(betas);

        // Besides: the same endpoint as another domain's (its ID is not that one's), and by its certificate for a name, with the right root and with a wrong one.
        await Task.WhenAll(
            alpha.FollowAsync(("beta.test", $"url: \"{beta.SpiffeUrl}\", endpointId: \"{beta.EndpointId}\", bundle: \"{betas}\"")),
            beta.FollowAsync(
                ("alpha.test", $"url: \"{alpha.SpiffeUrl}\", endpointId: \"{alpha.EndpointId}\", bundle: \"{alphas}\""),
                ("impostor.test", $"url: \"{alpha.SpiffeUrl}\", endpointId: \"{FederationPeer.EndpointIdOf("impostor.test")}\", bundle: \"{alphas}\""),
                ("web.test", $"url: \"{alpha.WebUrl}\", roots: \"{alpha.Appliance.AnchorsFile}\""),
                ("stranger.test", $"url: \"{alpha.WebUrl}\", roots: \"{beta.Appliance.AnchorsFile}\"")));
        using var atAlpha = new WorkloadClient(alpha.Appliance.Home);
        using var atBeta = new WorkloadClient(beta.Appliance.Home);

        // By https_spiffe and by https_web the bundle comes; from who shows another ID, and from who is trusted by another root, none does.
        await HeardAsync(beta, "alpha.test");
        await HeardAsync(beta, "web.test");
        await HeardAsync(alpha, "beta.test");
        await SaidAsync(beta, "Trust domain impostor.test: no new bundle");
        await SaidAsync(beta, "Trust domain stranger.test: no new bundle");
        Assert.Equal((-1, -1), (await beta.AgeOfAsync("impostor.test"), await beta.AgeOfAsync("stranger.test")));
        var bundles = await Svid.BundlesAsync(atBeta);
        Assert.Equal(["spiffe://alpha.test", "spiffe://beta.test", "spiffe://impostor.test", "spiffe://web.test"], bundles.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(alpha.Appliance.Anchors().Select(Thumbprint), bundles["spiffe://alpha.test"].Select(Thumbprint));
        Assert.Equal(alpha.Appliance.Anchors().Select(Thumbprint), bundles["spiffe://web.test"].Select(Thumbprint));

        // Agents of both meet; without the other's bundle they do not.
        var (mine, theirs) = (await Svid.FetchAsync(atAlpha), await Svid.FetchAsync(atBeta));
        Assert.Equal(bundles["spiffe://alpha.test"].Select(Thumbprint), theirs.Bundles["spiffe://alpha.test"].Select(Thumbprint));
        Assert.Equal((alpha.Agent, beta.Agent), await theirs.MeetAsync(mine));
        Assert.Equal((beta.Agent, alpha.Agent), await mine.MeetAsync(theirs));
        Assert.Null(await (theirs with { Bundles = Only(theirs, "spiffe://beta.test") }).MeetAsync(mine));
        Assert.Null(await theirs.MeetAsync(mine with { Bundles = Only(mine, "spiffe://alpha.test") }));

        // A token of the one is judged at the other.
        var token = await TokenAsync(atAlpha);
        Assert.Equal(alpha.Agent, await ValidateAsync(atBeta, token));
        Assert.Null(await ValidateAsync(atBeta, token, "https://other.example"));

        await RollTheKeyOfTokensAsync(alpha, atAlpha, atBeta, token);
        await RollTheAuthoritiesAsync(alpha, atAlpha, beta, atBeta, mine);
        await GoAwayAsync(alpha, atAlpha, beta, betas: theirs);
    }

    /// <summary>Its signer's certificate is revoked: another key signs, the other appliance hears of it by the hint, and the old key's tokens are worth nothing there either.</summary>
    private static async Task RollTheKeyOfTokensAsync(FederationPeer alpha, WorkloadClient atAlpha, WorkloadClient atBeta, string old)
    {
        var before = await KeysAsync(atBeta, "spiffe://alpha.test");
        var listed = (await alpha.Appliance.Cli.RunAsync("certificate", "list", "--limit", "100")).MustSucceed().Text;
        var serial = listed.Split('\n').First(line => line.Contains(" appliance-jwt ", StringComparison.Ordinal)).Split(' ')[0];
        (await alpha.Appliance.Cli.RunAsync("revoke", serial, "--include-appliance", "--reason", "keyCompromise")).MustSucceed();

        await UntilAsync(async () => !before.SetEquals(await KeysAsync(atBeta, "spiffe://alpha.test")), "the other appliance does not follow the new key");
        Assert.Equal(await KeysAsync(atAlpha, "spiffe://alpha.test"), await KeysAsync(atBeta, "spiffe://alpha.test"));
        Assert.Equal(before, await KeysAsync(atBeta, "spiffe://impostor.test")); // what the administrator gave stays
        Assert.Equal(alpha.Agent, await ValidateAsync(atBeta, await TokenAsync(atAlpha)));
        Assert.Null(await ValidateAsync(atBeta, old));
    }

    /// <summary>It gets another root and another issuing CA: the other appliance knows the new root before anything comes from it, and believes agents and endpoint of both.</summary>
    private static async Task RollTheAuthoritiesAsync(FederationPeer alpha, WorkloadClient atAlpha, FederationPeer beta, WorkloadClient atBeta, Svid before)
    {
        using var stream = atAlpha.Api.FetchX509SVID(new X509SVIDRequest(), WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        (await alpha.Appliance.Cli.RunAsync("migrate", "ca", "start", "--algorithm", "ecdsa-p384", "--root-algorithm", "ecdsa-p384")).MustSucceed();
        await UntilAsync(async () => (await Svid.BundlesAsync(atBeta))["spiffe://alpha.test"].Count == 2, "the other appliance does not hear of the new root");
        (await alpha.Appliance.Cli.RunAsync("migrate", "ca", "switch")).MustSucceed();

        // The open stream brings what comes from the new CA.
        Svid after;
        do
        {
            Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            after = Svid.Of(stream.ResponseStream.Current);
        }
        while (after.Leaf.Issuer == before.Leaf.Issuer);

        var theirs = await Svid.FetchAsync(atBeta);
        Assert.Equal((alpha.Agent, beta.Agent), await theirs.MeetAsync(after));
        Assert.Equal((alpha.Agent, beta.Agent), await theirs.MeetAsync(before with { Bundles = after.Bundles }));
        Assert.Null(await (theirs with { Bundles = new Dictionary<string, X509Certificate2Collection> { ["spiffe://alpha.test"] = [theirs.Bundles["spiffe://alpha.test"].Single(r => before.Bundles["spiffe://alpha.test"].Contains(r))] } }).MeetAsync(after));
    }

    /// <summary>It goes away: what was heard counts on, over a restart of the other too, is called stale, and is not any more when it is back.</summary>
    private static async Task GoAwayAsync(FederationPeer alpha, WorkloadClient atAlpha, FederationPeer beta, Svid betas)
    {
        var (last, token) = (await Svid.FetchAsync(atAlpha), await TokenAsync(atAlpha));
        var before = beta.Said().Length;
        await alpha.Appliance.KillAsync();
        await SaidAsync(beta, "Trust domain alpha.test: no new bundle", before);
        await SaidAsync(beta, "Trust domain alpha.test: its bundle is stale", before);
        Assert.True(await beta.AgeOfAsync("alpha.test") > 30);

        // The other starts again, with nobody to ask: by the bundle that was kept, not by its administrator's first one.
        await beta.Appliance.StopAsync();
        await beta.Appliance.StartAsync();
        Assert.Equal(-1, await beta.AgeOfAsync("alpha.test"));
        using var again = new WorkloadClient(beta.Appliance.Home);
        var theirs = await Svid.FetchAsync(again);
        Assert.Equal(2, theirs.Bundles["spiffe://alpha.test"].Count);
        Assert.Equal((alpha.Agent, beta.Agent), await theirs.MeetAsync(last));
        Assert.Equal(alpha.Agent, await ValidateAsync(again, token));
        Assert.Equal(betas.Id, theirs.Id);

        // Its endpoint shows an SVID of its new CA, which the kept bundle knows.
        await alpha.Appliance.StartAsync();
        await HeardAsync(beta, "alpha.test");
    }

    private static Dictionary<string, X509Certificate2Collection> Only(Svid svid, string trustDomain) => new() { [trustDomain] = svid.Bundles[trustDomain] };

    private static string Thumbprint(X509Certificate2 certificate) => certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256);

    private static Task HeardAsync(FederationPeer peer, string trustDomain) => UntilAsync(async () => await peer.AgeOfAsync(trustDomain) >= 0, $"no bundle of {trustDomain} came to {peer.TrustDomain}:\n{peer.Said()}");

    private static Task SaidAsync(FederationPeer peer, string what, int from = 0) =>
        UntilAsync(() => Task.FromResult(peer.Said()[from..].Contains(what, StringComparison.Ordinal)), $"{peer.TrustDomain} does not say: {what}");

    private static Task UntilAsync(Func<Task<bool>> condition, string complaint) => Eventually.TrueAsync(condition, Limit, () => complaint);

    private static async Task<string> TokenAsync(WorkloadClient client) =>
        Assert.Single((await client.Api.FetchJWTSVIDAsync(new JWTSVIDRequest { Audience = { Audience } }, WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken)).Svids).Svid;

    /// <summary>Whose a token is; null: it is refused.</summary>
    private static async Task<string?> ValidateAsync(WorkloadClient client, string token, string audience = Audience)
    {
        try
        {
            return (await client.Api.ValidateJWTSVIDAsync(new ValidateJWTSVIDRequest { Audience = audience, Svid = token }, WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken)).SpiffeId;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.InvalidArgument)
        {
            return null;
        }
    }

    /// <summary>The ids of the keys that a trust domain's tokens are judged by.</summary>
    private static async Task<HashSet<string>> KeysAsync(WorkloadClient client, string trustDomain)
    {
        using var call = client.Api.FetchJWTBundles(new JWTBundlesRequest(), WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        using var set = JsonDocument.Parse(call.ResponseStream.Current.Bundles[trustDomain].Memory);
        return [.. set.RootElement.GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("kid").GetString()!)];
    }
}
