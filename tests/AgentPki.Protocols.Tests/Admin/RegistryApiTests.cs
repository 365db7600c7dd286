using System.Net;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The registry over the admin API: who may, what waits for a second person, and pages.</summary>
public sealed class RegistryApiTests
{
    [Fact]
    public async Task Apply_OfAHighTier_WaitsForASecondPerson_AndIsDoneAsItWasAskedFor()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        Assert.Equal([AgentAction.Created], (await ApplyAsync(server, Document("a", "low"))).Agents.Select(a => a.Action));
        var high = Document("a", "high") + "purpose: moves money\n";
        var dry = await ApplyAsync(server, high, dryRun: true);
        Assert.True(dry is { DryRun: true, SecondPerson: true });
        Assert.Equal(["purpose", "tier", "review"], dry.Agents[0].Changes.Select(c => c.Field));
        Assert.Equal(RiskTier.Low, (await AgentAsync(server)).Tier);

        var request = await server.WaitsAsync("alice", HttpMethod.Post, "agents/apply?comment=it%20moves%20money", Body(high));
        Assert.Equal(RiskTier.Low, (await AgentAsync(server)).Tier);
        await server.RefusedAsync("alice", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", HttpStatusCode.Forbidden, "asked for himself");
        var done = await server.ApproveAsync("bob", request);
        Assert.True(done.State == AdminRequestState.Done, done.Outcome);
        Assert.Equal((RiskTier.High, "moves money"), (await AgentAsync(server)) is { } agent ? (agent.Tier, agent.Purpose) : default);

        // The same again asks for nothing; a review and a way down do.
        Assert.Equal([AgentAction.Unchanged], (await ApplyAsync(server, high)).Agents.Select(a => a.Action));
        var review = await server.WaitsAsync("bob", HttpMethod.Post, "agents/review", $$"""{"id":"{{Id}}"}""");
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("alice", review)).State);
        await server.WaitsAsync("alice", HttpMethod.Post, "agents/apply", Body(Document("a", "low")));
        await server.DoneAsync("alice", HttpMethod.Post, "owners", """{"name":"team-b","kind":"team"}""", AdminJson.Default.OwnerChangedView);
        await server.WaitsAsync("alice", HttpMethod.Post, "agents/transfer", """{"from":"team-a","to":"team-b"}""");

        // What is wrong waits for nobody, and says where.
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/apply", Body(high + "teir: low\n"), HttpStatusCode.BadRequest, "file.yaml:5: teir: unknown field");
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/apply", Body(new string('[', 100_000)), HttpStatusCode.BadRequest, "nested too deep");
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/review", """{"id":"spiffe://agents.test/agent/nobody"}""", HttpStatusCode.NotFound, "no agent of that name");
    }

    [Fact]
    public async Task Trees_AreShownAndLimited_AndAHighOneBelowWantsASecondPerson()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        await ApplyAsync(server, Document("a", "low") + "policy: {scopes: [\"read:crm/**\"], delegation_depth: 2, not_after: 2027-06-01T00:00:00Z}\n---\n" + Document("b", "low") + $"parent: {Id}\npolicy: {{scopes: [\"read:**\"], delegation_depth: 1}}\n");
        var tree = await server.GetAsync("alice", $"agents/tree?id={Uri.EscapeDataString(Id)}", AdminJson.Default.AgentTreeView);
        Assert.Equal([(0, 2, "read:crm/**"), (1, 1, "read:crm/**")], tree.Agents.Select(a => (a.Generation, a.DepthLeft!.Value, Assert.Single(a.Scopes!))));
        Assert.Equal(tree.Agents[0].NotAfter, tree.Agents[1].NotAfter);
        Assert.Equal(1, (await server.GetAsync("alice", "agents/tree?generations=0", AdminJson.Default.AgentTreeView)).Agents[0].More);
        await server.RefusedAsync("alice", HttpMethod.Get, "agents/tree?generations=65", null, HttpStatusCode.BadRequest, "from 0 to 64");
        await server.RefusedAsync("alice", HttpMethod.Get, "agents/tree?id=nobody", null, HttpStatusCode.NotFound, "no agent of that name");

        string Limit(string yaml, bool dryRun = false) => JsonSerializer.Serialize(new LimitAgentsCommand(Id, yaml, null, dryRun), AdminJson.Default.LimitAgentsCommand);
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/limit", Limit("scopes: [\"read:**\"]"), HttpStatusCode.UnprocessableEntity, "a limit only takes away: scope read:** is not within");
        var limited = await server.DoneAsync("alice", HttpMethod.Post, "agents/limit", Limit("scopes: [\"read:crm/a/*\"]"), AdminJson.Default.AgentsLimitedView);
        Assert.Equal((false, 1, "scopes"), (limited.SecondPerson, (int)limited.Below, Assert.Single(limited.Changes).Field));
        Assert.Equal("read:crm/a/*", Assert.Single((await server.GetAsync("alice", $"agents/tree?id={Uri.EscapeDataString(Id)}", AdminJson.Default.AgentTreeView)).Agents[1].Scopes!));

        var up = await server.WaitsAsync("alice", HttpMethod.Post, "agents/apply", Body(Document("b", "high") + "purpose: x\n"));
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", up)).State);
        Assert.True((await server.DoneAsync("alice", HttpMethod.Post, "agents/limit", Limit("delegation_depth: 0", dryRun: true), AdminJson.Default.AgentsLimitedView)).SecondPerson);
        var waiting = await server.WaitsAsync("alice", HttpMethod.Post, "agents/limit", Limit("delegation_depth: 0"));
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", waiting)).State);
        Assert.Equal(0, (await server.GetAsync("alice", $"agents/tree?id={Uri.EscapeDataString(Id)}", AdminJson.Default.AgentTreeView)).Agents[0].DepthLeft);
        var lift = await server.WaitsAsync("alice", HttpMethod.Post, "agents/lift", $$"""{"id":"{{Id}}"}""");
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", lift)).State);
    }

    [Fact]
    public async Task Rules_Other_WaitForAnOfficer_AndServeAtOnce()
    {
        var file = new RulesFolder(isGoverned: true);
        await using var server = await PeopleServer.StartAsync(e => e with { RegistryRules = file }, "alice", "bob");
        await server.RefusedAsync("alice", HttpMethod.Post, "registry/rules", """{"yaml":"tiers: 1"}""", HttpStatusCode.UnprocessableEntity, "registry.yaml:1");
        var yaml = "enrolment: registered\ntiers:\n  low: {register: [ra-administrator]}\n";
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "registry/rules", JsonSerializer.Serialize(new ApplyRegistryRulesCommand(yaml), AdminJson.Default.ApplyRegistryRulesCommand));
        Assert.False((await server.GetAsync("alice", "registry/rules", AdminJson.Default.RegistryRulesView)).RegisteredOnly);
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", request)).State);
        var rules = await server.GetAsync("alice", "registry/rules", AdminJson.Default.RegistryRulesView);
        Assert.Equal((true, null, yaml), (rules.RegisteredOnly, rules.Problem, file.Text));
        Assert.Equal(["ra-administrator"], rules.Tiers[0].Register);
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/apply", Body(Document("a", "high") + "purpose: x\n"), HttpStatusCode.Forbidden, "whose agents nobody registers");

        // Broken by hand: health says so.
        file.Text = "tiers: [";
        await server.Authority.Services.MaintainAsync(default);
        var health = await server.GetAsync("alice", "health", AdminJson.Default.HealthView);
        Assert.Contains(health.Checks, c => c is { Name: "registry rules", Ok: false });
    }

    [Fact]
    public async Task Lists_OfOwners_ComeInPages_AndHoldNobodyElses()
    {
        await using var server = await MatrixServer.StartAsync();
        var authority = server.Admin.Authority;
        var now = authority.Time.GetUtcNow();
        for (var n = 0; n < 5; n++)
        {
            var owner = n % 2 == 0 ? MatrixServer.MyOwner : MatrixServer.TheirOwner;
            authority.Store.Apply([new CommitRequest(null, [new StoreChange.RegisterAgent(new AgentRecord($"spiffe://agents.test/agent/more-{n}", owner, "agent", AgentState.Active, now))])]);
        }

        // More of another's than any list reads at once.
        authority.Store.Apply([.. Enumerable.Range(0, AdminCall.MaximumLimit + 1).Select(n => new CommitRequest(null, [new StoreChange.RegisterAgent(new AgentRecord($"spiffe://agents.test/agent/crowd-{n}", MatrixServer.TheirOwner, "agent", AgentState.Active, now))]))]);
        var (seen, after) = (new List<string>(), "");
        do
        {
            var page = await PageAsync(server, $"agents?limit=2&after={Uri.EscapeDataString(after)}", AdminJson.Default.AgentsView);
            Assert.True(page.Agents.Count <= 2);
            seen.AddRange(page.Agents.Select(a => a.Id));
            after = page.Next ?? "";
        }
        while (after.Length > 0);
        Assert.Equal(["spiffe://agents.test/agent/more-4", "spiffe://agents.test/agent/more-2", "spiffe://agents.test/agent/more-0", server.Mine.Agent], seen);

        Assert.Empty((await PageAsync(server, $"agents?owner={MatrixServer.TheirOwner}", AdminJson.Default.AgentsView)).Agents);
        Assert.Empty((await PageAsync(server, $"owners?name={MatrixServer.TheirOwner}", AdminJson.Default.OwnersView)).Owners);
        var certificates = await PageAsync(server, "certificates?limit=1", AdminJson.Default.CertificatesView);
        Assert.Equal([server.Mine.Serial], certificates.Certificates.Select(c => c.Serial));
        Assert.Empty((await PageAsync(server, $"certificates?limit=1&after={Uri.EscapeDataString(certificates.Next!)}", AdminJson.Default.CertificatesView)).Certificates);
        Assert.Equal(400, (await server.CallAsync("owner", "GET", "certificates?after=x", null)).Status);
        Assert.Equal(400, (await server.CallAsync("owner", "GET", "agents?tier=worst", null)).Status);
        Assert.Equal(404, (await server.CallAsync("owner", "GET", $"agents/export?id={server.Theirs.Agent}", null)).Status);
    }

    private const string Id = "spiffe://agents.test/agent/a";

    private static string Document(string name, string tier) => $"agent: spiffe://agents.test/agent/{name}\nowner: team-a\ntier: {tier}\n";

    private static string Body(string yaml, bool dryRun = false) => JsonSerializer.Serialize(new ApplyAgentsCommand(yaml, "file.yaml", dryRun), AdminJson.Default.ApplyAgentsCommand);

    private static Task<AppliedAgentsView> ApplyAsync(PeopleServer server, string yaml, bool dryRun = false) => server.DoneAsync("alice", HttpMethod.Post, "agents/apply", Body(yaml, dryRun), AdminJson.Default.AppliedAgentsView);

    private static async Task<AgentView> AgentAsync(PeopleServer server) => (await server.GetAsync("alice", $"agents?id={Id}", AdminJson.Default.AgentsView)).Agents.Single();

    private static async Task<T> PageAsync<T>(MatrixServer server, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        var (status, text) = await server.CallAsync("owner", "GET", path, null);
        Assert.True(status == 200, text);
        return JsonSerializer.Deserialize(text, type)!;
    }
}
