using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

public sealed class AgentRegistryTests
{
    private static readonly AdminCaller Operator = Caller("otto", AdminRole.RaAdministrator);

    [Fact]
    public async Task Apply_TwiceTheSame_IsCreatedThenUnchanged_AndOneEntryNamesEachAgent()
    {
        await using var authority = await TestAuthority.StartAsync();
        var yaml = Document("a", "low") + "purpose: one\n---\n" + Document("b", "medium") + "purpose: two\nparent: spiffe://agents.test/agent/a\n";
        Assert.Equal([AgentAction.Created, AgentAction.Created], (await ApplyAsync(authority, yaml)).Agents.Select(a => a.Action));
        var size = await authority.LedgerSizeAsync();
        Assert.Equal([AgentAction.Unchanged, AgentAction.Unchanged], (await ApplyAsync(authority, yaml)).Agents.Select(a => a.Action));
        Assert.Equal(size, await authority.LedgerSizeAsync());

        var changed = await ApplyAsync(authority, yaml.Replace("two", "three", StringComparison.Ordinal));
        Assert.Equal([AgentAction.Unchanged, AgentAction.Configured], changed.Agents.Select(a => a.Action));
        Assert.Equal(new FieldChange("purpose", "two", "three"), Assert.Single(changed.Agents[1].Changes));
        var entries = await authority.EntriesAsync(LedgerEntryKind.AgentsRegistered);
        Assert.Equal(["spiffe://agents.test/agent/a", "spiffe://agents.test/agent/b"], new[] { entries[0]["agent.001"], entries[0]["agent.002"] });
        Assert.Equal(("spiffe://agents.test/agent/b", "purpose: two → three", ApprovedFiles.DigestOf(System.Text.Encoding.UTF8.GetBytes(yaml.Replace("two", "three", StringComparison.Ordinal)))), (entries[1]["agent"], entries[1]["changed"], entries[1]["digest"]));

        // What a document leaves out is not there any more; the review's date and the parent stay.
        var kept = (await authority.Environment.Stores.Agents.FindAsync("spiffe://agents.test/agent/b", default))!;
        Assert.Equal(new DateOnly(2028, 2, 29), kept.Registration.ReviewBy);
        await ApplyAsync(authority, Document("b", "low"));
        var bare = (await authority.Environment.Stores.Agents.FindAsync("spiffe://agents.test/agent/b", default))!;
        Assert.Equal((null, kept.Parent, kept.Registration.ReviewBy, 3), (bare.Registration.Purpose, bare.Parent, bare.Registration.ReviewBy, bare.Registration.Revision));
        await ApplyAsync(authority, Document("b", "low") + "parent: none\n");
        Assert.Null((await authority.Environment.Stores.Agents.FindAsync(bare.Id, default))!.Parent);
    }

    private static readonly (string Fields, string Says)[] Wrong =
    [
        ("tier: medium\n", "purpose: is missing"),
        ("tier: low\nprofiles: [tls-server]\n", "profiles: 'tls-server' is no profile for agents"),
        ("tier: low\nparent: spiffe://agents.test/agent/nobody\n", "there is no agent spiffe://agents.test/agent/nobody"),
        ("tier: low\nparent: spiffe://agents.test/agent/new\n", "would be its own ancestor"),
        ("tier: low\nparent: spiffe://agents.test/agent/foreign\n", "belongs to team-b, and a family has one owner"),
        ("tier: medium\npurpose: x\nreview: 2029-01-01\n", "review: 2029-01-01 is later than tier medium allows, which is 2028-02-29"),
        ("tier: low\nreview: 2026-01-01\n", "review: 2026-01-01 is over"),
        ("tier: high\npurpose: x\n", "want a second person"),
    ];

    [Fact]
    public async Task Apply_OneOfThemWrong_DoesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        await ApplyAsync(authority, Document("foreign", "low", "team-b"));
        foreach (var (fields, says) in Wrong)
        {
            var problem = await RefusedAsync(authority, Document("fine", "low") + "---\nagent: spiffe://agents.test/agent/new\nowner: team-a\n" + fields, Operator);
            Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
        }

        Assert.Null(await authority.Environment.Stores.Agents.FindAsync("spiffe://agents.test/agent/fine", default));
        Assert.Equal(Wrong.Length, (await authority.EntriesAsync(LedgerEntryKind.AdminRefused)).Count);
    }

    [Fact]
    public async Task Apply_ByRoleTierAndOwner_IsTheRules()
    {
        await using var authority = await TestAuthority.StartAsync();
        var owner = Caller("olga", AdminRole.Owner, "team-a");
        Assert.False((await ApplyAsync(authority, Document("mine", "medium") + "purpose: x\n", owner)).NeedsSecond);
        Assert.Contains("has the role owner for team-a only", (await RefusedAsync(authority, Document("theirs", "low", "team-b"), owner)).Detail, StringComparison.Ordinal);
        Assert.Contains("is of tier high, whose agents the role ra-administrator registers", (await RefusedAsync(authority, Document("mine", "high") + "purpose: x\n", owner)).Detail, StringComparison.Ordinal);
        Assert.Contains("is of tier low", (await RefusedAsync(authority, Document("other", "low"), Caller("carl", AdminRole.Officer))).Detail, StringComparison.Ordinal);

        // Up and down again: both sides of the change count.
        var high = Document("mine", "high") + "purpose: x\n";
        Assert.True((await ApplyAsync(authority, high, Operator, seconded: true)).NeedsSecond);
        Assert.Contains("is of tier high", (await RefusedAsync(authority, Document("mine", "low"), owner)).Detail, StringComparison.Ordinal);
        Assert.Contains("want a second person", (await RefusedAsync(authority, Document("mine", "low"), Operator)).Detail, StringComparison.Ordinal);
        Assert.False((await ApplyAsync(authority, high, owner)).NeedsSecond);
        Assert.Contains("has the role owner for team-b only", (await RefusedAsync(authority, high, Caller("oleg", AdminRole.Owner, "team-b"))).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApplyOfExport_IsUnchanged_AndMakesTheSameElsewhere()
    {
        await using var one = await TestAuthority.StartAsync();
        await using var other = await TestAuthority.StartAsync();
        var draw = new AgentDraw(11);
        var yaml = AgentDocumentWriter.Write(Enumerable.Range(0, 150).Select(n => draw.Agent(n, TestAuthority.TrustDomain)));
        await ApplyAsync(one, yaml, Operator, seconded: true);
        await ApplyAsync(one, Document("child", "low") + "parent: spiffe://agents.test/agent/parent\n---\n" + Document("parent", "low"));
        var (_, key) = await one.AgentAsync("enrolled", await one.CredentialAsync());
        await key.DisposeAsync();

        var exported = await ExportAsync(one);
        Assert.All((await ApplyAsync(one, exported, Operator, seconded: true)).Agents, a => Assert.Equal(AgentAction.Unchanged, a.Action));
        Assert.All((await ApplyAsync(other, exported, Operator, seconded: true)).Agents, a => Assert.Equal(AgentAction.Created, a.Action));
        Assert.Equal(exported, await ExportAsync(other));
    }

    [Fact]
    public async Task Apply_TwoAtOneMoment_OneOfThemWins()
    {
        await using var authority = await TestAuthority.StartAsync();
        await ApplyAsync(authority, Document("a", "low"));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
            await authority.Services.Registry.ApplyAsync("a.yaml", Document("a", "low") + $"purpose: by {n}\n", Registrar(Operator, false), default)));
        var agent = (await authority.Environment.Stores.Agents.FindAsync("spiffe://agents.test/agent/a", default))!;
        Assert.Equal(outcomes.Count(o => o is Outcome<AgentPlan>.Done) + 1, agent.Registration.Revision);
        Assert.All(outcomes.OfType<Outcome<AgentPlan>.Refused>(), o => Assert.Equal(PkiProblemKind.Conflict, o.Problem.Kind));
    }

    [Fact]
    public async Task Owners_UnknownOrGone_AsTheRulesSay_AndFamiliesGoTogether()
    {
        var rules = new RulesFolder(isGoverned: false, "owners: known\ntiers:\n  low: {register: [ra-administrator]}\n");
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = rules });
        Assert.Contains("team-a is not known", (await RefusedAsync(authority, Document("a", "low"), Operator)).Detail, StringComparison.Ordinal);
        var owners = authority.Services.Owners;
        Assert.IsType<Outcome<OwnerRecord>.Refused>(await owners.PutAsync("a\u202Eb", OwnerKind.Team, null, "admin:x", "c", default));
        foreach (var name in new[] { "team-a", "team-b" })
        {
            Assert.IsType<Outcome<OwnerRecord>.Done>(await owners.PutAsync(name, OwnerKind.Team, "x@example.test", "admin:x", "c", default));
            Assert.IsType<Outcome<OwnerRecord>.Done>(await owners.PutAsync(name, OwnerKind.Team, "x@example.test", "admin:x", "c", default));
        }

        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.OwnerChanged)).Count);
        await ApplyAsync(authority, Document("a", "low") + "---\n" + Document("a-1", "low") + "parent: spiffe://agents.test/agent/a\n");
        Assert.Contains("its child spiffe://agents.test/agent/a-1 would stay with team-a", (await RefusedAsync(authority, Document("a", "low", "team-b"), Operator)).Detail, StringComparison.Ordinal);
        Assert.Contains("a family has one owner", (await RefusedAsync(authority, Document("a-1", "low", "team-b"), Operator)).Detail, StringComparison.Ordinal);

        var moved = await authority.Services.Registry.TransferAsync("team-a", "team-b", "spiffe://agents.test/agent/a", Registrar(Operator, false), default);
        Assert.Equal(2, Assert.IsType<Outcome<long>.Done>(moved).Value);
        Assert.Equal("2", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentsTransferred))["agents"]);
        Assert.IsType<Outcome<(OwnerRecord, long)>.Done>(await owners.LeaveAsync("team-a", "admin:x", "c", default));
        Assert.Contains("team-a left at", (await RefusedAsync(authority, Document("b", "low"), Operator)).Detail, StringComparison.Ordinal);
        Assert.IsType<Outcome<long>.Refused>(await authority.Services.Registry.TransferAsync("team-b", "team-a", null, Registrar(Operator, false), default));
        Assert.IsType<Outcome<(OwnerRecord, long)>.Refused>(await owners.LeaveAsync("nobody", "admin:x", "c", default));
    }

    internal static AdminCaller Caller(string name, AdminRole role, params string[] owners) => AdminCaller.Of(name, [role], [.. owners], new AdminCredential(new string('0', 64), "issuing", "01"));

    internal static Registrar Registrar(AdminCaller caller, bool seconded) => new(caller, seconded, caller.Actor, "c");

    internal static string Document(string name, string tier, string owner = "team-a") => $"agent: spiffe://agents.test/agent/{name}\nowner: {owner}\ntier: {tier}\n";

    internal static async Task<AgentPlan> ApplyAsync(TestAuthority authority, string yaml, AdminCaller? caller = null, bool seconded = false)
    {
        var outcome = await authority.Services.Registry.ApplyAsync("a.yaml", yaml, Registrar(caller ?? Operator, seconded), default);
        Assert.True(outcome is Outcome<AgentPlan>.Done, $"{(outcome as Outcome<AgentPlan>.Refused)?.Problem}");
        return ((Outcome<AgentPlan>.Done)outcome).Value;
    }

    internal static async Task<PkiProblem> RefusedAsync(TestAuthority authority, string yaml, AdminCaller caller) =>
        Assert.IsType<Outcome<AgentPlan>.Refused>(await authority.Services.Registry.ApplyAsync("a.yaml", yaml, Registrar(caller, false), default)).Problem;

    private static async Task<string> ExportAsync(TestAuthority authority) =>
        AgentDocumentWriter.Write(await authority.Environment.Stores.Agents.ListAsync(new AgentQuery { OldestFirst = true, WithoutRetired = true }, 500, default));
}
