using System.Net;
using System.Text.Json;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Protocols.Admin;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The watch over the admin API: its rules wait for a second person, and so does making it blind.</summary>
public sealed class WatchApiTests
{
    private const string Yaml = "detectors: {refusals: {bound: 5, window: 5m}}\nresponses: {low: {refusals: narrow}}\nnarrow: {scopes: ['read:crm/**'], for: 1h}\n";

    [Fact]
    public async Task Rules_Other_WaitForAnOfficer_AndServeAtOnce()
    {
        var file = new RulesFolder(isGoverned: true);
        await using var server = await PeopleServer.StartAsync(e => e with { WatchRules = file }, "alice", "bob");
        await server.RefusedAsync("alice", HttpMethod.Post, "watch/rules", """{"yaml":"responses: {low: {burst: kill}}"}""", HttpStatusCode.UnprocessableEntity, "watch.yaml:1: responses.low.burst");
        var before = await server.GetAsync("alice", "watch/rules", AdminJson.Default.WatchRulesView);
        Assert.All(before.Detectors.SelectMany(d => d.Responses), r => Assert.Equal("alert", r.Response));

        var request = await server.WaitsAsync("alice", HttpMethod.Post, "watch/rules", JsonSerializer.Serialize(new ApplyWatchRulesCommand(Yaml), AdminJson.Default.ApplyWatchRulesCommand));
        Assert.Equal(before.Sha256, (await server.GetAsync("alice", "watch/rules", AdminJson.Default.WatchRulesView)).Sha256);
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", request)).State);

        var rules = await server.GetAsync("alice", "watch/rules", AdminJson.Default.WatchRulesView);
        Assert.Equal((null, Yaml, 3600L), (rules.Problem, file.Text, rules.Narrowing!.Seconds));
        var refusals = rules.Detectors.Single(d => d.Detector == "refusals");
        Assert.Equal((5L, 300L, 25.0, "narrow", "alert"), (refusals.Bound, refusals.WindowSeconds, refusals.Percent, refusals.Responses[0].Response, refusals.Responses[1].Response));

        // Broken by hand: health says so, and the rules stay.
        file.Text = "responses: [";
        await server.Authority.Services.MaintainAsync(default);
        Assert.Contains((await server.GetAsync("alice", "health", AdminJson.Default.HealthView)).Checks, c => c is { Name: "watch rules", Ok: false });
        Assert.Equal(rules.Sha256, (await server.GetAsync("alice", "watch/rules", AdminJson.Default.WatchRulesView)).Sha256);
    }

    [Fact]
    public async Task Forget_OfAnAgent_WaitsForASecondPerson_AndCountsAnew()
    {
        await using var server = await PeopleServer.StartAsync(e => e with { WatchRules = new RulesFolder(isGoverned: false, "detectors: {refusals: {bound: 3}}") }, "alice", "bob");
        var (agent, other) = ((await server.Authority.AgentAsync("a")).Certificate.SpiffeId!.ToString(), (await server.Authority.AgentAsync("b")).Certificate.SpiffeId!.ToString());
        await server.RefusedAsync("alice", HttpMethod.Post, "watch/forget", """{"agent":"spiffe://agents.test/agent/nobody"}""", HttpStatusCode.NotFound, "no agent of that name");
        await RefuseAsync(server, agent, 2);
        await RefuseAsync(server, other, 3);
        await FoundAsync(server, other);

        var request = await server.WaitsAsync("alice", HttpMethod.Post, "watch/forget", $$"""{"agent":"{{agent}}"}""");
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", request)).State);
        await RefuseAsync(server, agent, 1);
        await RefuseAsync(server, other, 1);
        await RefuseAsync(server, agent, 2);

        Assert.StartsWith("3 refusals in 600 s, 100 %", await FoundAsync(server, agent), StringComparison.Ordinal);
    }

    private static async Task RefuseAsync(PeopleServer server, string agent, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await server.Authority.Services.Audit.RefuseAsync(new Refusal($"agent:{agent}", new PkiProblem(PkiProblemKind.PolicyViolation, "no"), "test", "c"), default);
        }
    }

    private static async Task<string> FoundAsync(PeopleServer server, string agent)
    {
        while (true)
        {
            await foreach (var record in server.Authority.Store.ReadAsync(0, TestContext.Current.CancellationToken))
            {
                if (record is { Leaf.Kind: LedgerEntryKind.BehaviourFound, Details: { } details } && details.Facts["agent"] == agent)
                {
                    return details.Facts["reason"];
                }
            }

            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
