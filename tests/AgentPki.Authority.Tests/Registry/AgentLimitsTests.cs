using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

/// <summary>An agent is limited, and by that everything below it.</summary>
public sealed class AgentLimitsTests
{
    private const string Wide = """{"scopes":["read:crm/**","write:crm/orders/*"],"not_after":"2027-06-01T00:00:00Z","weekly":["mon-fri 08:00-18:00"],"networks":["10.0.0.0/8"],"environments":["prod"],"data_classes":["pii"],"obligations":["gdpr"],"delegation_depth":3,"maximum_lifetime":3600,"budget":{"usd":100}}""";
    private const string Middle = """{"scopes":["read:crm/**"],"delegation_depth":2,"budget":{"usd":60}}""";

    private static readonly AdminCaller Operator = AgentRegistryTests.Caller("otto", AdminRole.RaAdministrator);

    [Fact]
    public async Task Limit_AnAgent_NarrowsWhatItAndThoseBelowGetFromThenOn_InOneEntry()
    {
        await using var authority = await FamilyAsync();
        var (before, key) = await authority.AgentAsync("c");
        Assert.Equal(["read:crm/**"], Texts(before));

        var plan = Done(await LimitAsync(authority, "a", "scopes: [\"read:crm/orders/**\"]\nnot_after: 2027-05-01T00:00:00Z\n"));
        Assert.Equal((2, 1), (plan.Below, plan.Certificates));
        Assert.Equal(["scopes", "not_after"], plan.Changes.Select(c => c.Field));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentsLimited));
        Assert.Equal((Id("a"), Id("b"), Id("c"), "3"), (entry["agent.001"], entry["agent.002"], entry["agent.003"], entry["agents"]));
        Assert.Contains("not_after: \"2027-06-01T00:00:00Z\" → \"2027-05-01T00:00:00Z\"", entry["changed"], StringComparison.Ordinal);

        // What those below are registered with stays; what they get does not.
        Assert.Equal(["read:crm/**"], (await FindAsync(authority, "c")).Registration.ReadPolicy()!.Scopes.Scopes.Select(s => s.ToString()));
        var renewed = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(
            await TestAuthority.RequestAsync(key, "c", before.SubjectAlternativeNames), new Requester.AgentCertificate(before), kind: EnrollmentKind.Renew)).Certificate;
        Assert.Equal(["read:crm/orders/**"], Texts(renewed));
        Assert.Equal(1, PolicyOf(renewed).DelegationDepth); // its parent's 2, less one
        var (ofB, keyOfB) = await authority.AgentAsync("b");
        await keyOfB.DisposeAsync();
        Assert.Equal((new DateTimeOffset(2027, 5, 1, 0, 0, 0, TimeSpan.Zero), 2, 60), (PolicyOf(ofB).NotAfter, PolicyOf(ofB).DelegationDepth, PolicyOf(ofB).Budget.Amounts["usd"]));
        await key.DisposeAsync();
    }

    [Fact]
    public async Task Limit_DepthZero_LeavesThoseWhoAreThereAndNoMoreToCome()
    {
        await using var authority = await FamilyAsync();
        Done(await LimitAsync(authority, "a", "delegation_depth: 0"));
        foreach (var name in new[] { "a", "b", "c" })
        {
            var (certificate, key) = await authority.AgentAsync(name);
            await key.DisposeAsync();
            Assert.Equal(0, PolicyOf(certificate).DelegationDepth);
        }
    }

    private static readonly (string Limit, string Says)[] Wider =
    [
        ("scopes: [\"read:**\"]", "scope read:** is not within"),
        ("scopes: [\"read:crm/x\", \"delete:crm/x\"]", "scope delete:crm/x is not within"),
        ("not_after: 2027-07-01T00:00:00Z", "it ends after"),
        ("weekly: [\"mon-sat 08:00-18:00\"]", "weekly hours"),
        ("networks: [\"10.0.0.0/7\"]", "networks"),
        ("environments: [prod, test]", "environments"),
        ("data_classes: [pii, money]", "data classes"),
        ("delegation_depth: 4", "delegation depth"),
        ("maximum_lifetime: 3601", "longer than 3600 s"),
        ("budget: {usd: 101}", "budget of usd"),
        ("budget: {usd: 59}", "of usd its children have 60 together"),
        ("budget: {calls: 5}", "calls was not counted"),
        ("not_before: 2027-06-02T00:00:00Z", "not_after lies before not_before"),
        ("parent: {agent: \"spiffe://agents.test/agent/x\", grant: AAAA}", "a grant's digest has 32 octets"),
        ("scope: [\"read:crm/x\"]", "limits.yaml:1: scope: a policy has no such member"),
        ("", "one YAML mapping is wanted"),
    ];

    [Fact]
    public async Task Limit_Wider_IsRefusedWithTheReasonAndChangesNothing()
    {
        await using var authority = await FamilyAsync();
        var before = await FindAsync(authority, "a");
        foreach (var (limit, says) in Wider)
        {
            Assert.Contains(says, Refused(await LimitAsync(authority, "a", limit)).Detail, StringComparison.Ordinal);
        }

        Assert.Equal(before, await FindAsync(authority, "a"));
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.AgentsLimited));
        Assert.Equal(Wider.Length, (await authority.EntriesAsync(LedgerEntryKind.AdminRefused)).Count);
    }

    [Fact]
    public async Task Limit_ObligationsAndBudget_AreAddedAndLessened()
    {
        await using var authority = await FamilyAsync();
        Done(await LimitAsync(authority, "c", "budget: {calls: 3}"));
        Done(await LimitAsync(authority, "b", "budget: {calls: 5}\nobligations: [pci-dss]"));
        Done(await LimitAsync(authority, "a", "budget: {usd: 60}"));
        var (certificate, key) = await authority.AgentAsync("c");
        await key.DisposeAsync();
        Assert.Equal(["gdpr", "pci-dss"], PolicyOf(certificate).Obligations.Names);
        Assert.Equal((60L, 3L), (PolicyOf(certificate).Budget.Amounts["usd"], PolicyOf(certificate).Budget.Amounts["calls"]));
    }

    [Fact]
    public async Task Limit_ByRoleTierAndOwner_IsTheRules()
    {
        await using var authority = await FamilyAsync();
        var owner = AgentRegistryTests.Caller("olga", AdminRole.Owner, "team-a");
        Done(await LimitAsync(authority, "a", "not_after: 2027-05-01T00:00:00Z", owner));
        Assert.Contains("has the role owner for team-b only", Refused(await LimitAsync(authority, "a", "delegation_depth: 2", AgentRegistryTests.Caller("oleg", AdminRole.Owner, "team-b"))).Detail, StringComparison.Ordinal);

        // A high one below counts as the one that is named.
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("c", "high") + "purpose: x\n", Operator, seconded: true);
        Assert.Contains("is of tier high", Refused(await LimitAsync(authority, "a", "delegation_depth: 2", owner)).Detail, StringComparison.Ordinal);
        Assert.Contains("want a second person", Refused(await LimitAsync(authority, "a", "delegation_depth: 2")).Detail, StringComparison.Ordinal);
        Assert.True(Done(await authority.Services.Limits.PlanAsync(Id("a"), "limits.yaml", "delegation_depth: 2", Operator, default)).NeedsSecond);
        Done(await LimitAsync(authority, "a", "delegation_depth: 2", seconded: true));

        Assert.Equal(PkiProblemKind.NotFound, Refused(await LimitAsync(authority, "nobody", "delegation_depth: 0")).Kind);
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("bare", "low"));
        Assert.Contains("no policy is registered", Refused(await LimitAsync(authority, "bare", "delegation_depth: 0")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limit_HoldsAgainstApplyUntilItIsLifted()
    {
        await using var authority = await FamilyAsync();
        Done(await LimitAsync(authority, "a", "scopes: [\"read:crm/orders/**\"]"));
        var wide = Document("a", Wide);
        Assert.Contains("was limited, and scope read:crm/** is not within", (await AgentRegistryTests.RefusedAsync(authority, wide, Operator)).Detail, StringComparison.Ordinal);
        Assert.Contains("was limited", (await AgentRegistryTests.RefusedAsync(authority, AgentRegistryTests.Document("a", "low"), Operator)).Detail, StringComparison.Ordinal);
        await AgentRegistryTests.ApplyAsync(authority, Document("a", """{"scopes":["read:crm/orders/x"],"delegation_depth":3,"budget":{"usd":100}}"""));

        Assert.Contains("second person", Refused(await authority.Services.Limits.LiftAsync(Id("a"), AgentRegistryTests.Registrar(Operator, false), default)).Detail, StringComparison.Ordinal);
        Done(await authority.Services.Limits.LiftAsync(Id("a"), AgentRegistryTests.Registrar(Operator, true), default));
        Assert.Equal(["read:crm/orders/x"], (await FindAsync(authority, "a")).Registration.ReadPolicy()!.Scopes.Scopes.Select(s => s.ToString()));
        Assert.Contains("was not limited", Refused(await authority.Services.Limits.LiftAsync(Id("a"), AgentRegistryTests.Registrar(Operator, true), default)).Detail, StringComparison.Ordinal);
        await AgentRegistryTests.ApplyAsync(authority, wide);
        Assert.Equal(Id("a"), Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentLimitsLifted))["agent"]);
    }

    [Fact]
    public async Task Limit_OfOneAbove_IsNotLeftByAnotherParent()
    {
        await using var authority = await FamilyAsync();
        Done(await LimitAsync(authority, "a", "delegation_depth: 2"));
        Assert.Contains($"{Id("a")} was limited", Refused(await authority.Services.Agents.SetParentAsync(Id("c"), null, "admin:test", "c", default)).Detail, StringComparison.Ordinal);
        Assert.Contains($"{Id("a")} was limited", (await AgentRegistryTests.RefusedAsync(authority, Document("c", Middle) + "parent: none\n", Operator)).Detail, StringComparison.Ordinal);
        Done(await authority.Services.Limits.LiftAsync(Id("a"), AgentRegistryTests.Registrar(Operator, true), default));
        Done(await authority.Services.Agents.SetParentAsync(Id("c"), null, "admin:test", "c", default));
    }

    [Fact]
    public async Task Limit_OfOneAboveWhileTheTokenSigns_WithholdsTheCertificate()
    {
        await using var authority = await FamilyAsync();
        authority.Keys.BeforeSign = async _ =>
        {
            authority.Keys.BeforeSign = null;
            Done(await LimitAsync(authority, "a", "scopes: [\"read:crm/orders/**\"]"));
        };
        await using var key = await TestAuthority.KeyAsync();
        var refused = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "c"), await authority.CredentialAsync()));
        Assert.Contains("changed at the same moment", refused.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limit_OfOneAbove_DecidesAtOnceForCertificatesThatSayMore()
    {
        await using var authority = await FamilyAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies:\n- {id: everything, effect: permit, actions: ['**'], resources: ['**']}\n"));
        await AgentRegistryTests.ApplyAsync(authority, Document("a", """{"scopes":["read:crm/**"],"delegation_depth":3}"""));
        await AgentRegistryTests.ApplyAsync(authority, Document("b", """{"scopes":["read:crm/**"],"delegation_depth":2}""", "a") + "---\n" + Document("c", """{"scopes":["read:crm/**"]}""", "b"));
        var (certificate, key) = await authority.AgentAsync("c");
        await key.DisposeAsync();
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        Done(await LimitAsync(authority, "a", "scopes: [\"read:crm/orders/**\"]"));
        var denied = (await decider.DecideAsync(TestDecider.Call(certificate))).Decision;
        Assert.Equal((false, DecisionRule.Bounds), (denied.IsPermitted, denied.Reasons[0].Rule));
    }

    // a, b below it, c below that.
    private static async Task<TestAuthority> FamilyAsync()
    {
        var authority = await TestAuthority.StartAsync();
        await AgentRegistryTests.ApplyAsync(authority, Document("a", Wide) + "---\n" + Document("b", Middle, "a") + "---\n" + Document("c", Middle, "b"));
        return authority;
    }

    private static string Document(string name, string policy, string? parent = null) => AgentRegistryTests.Document(name, "low") + $"policy: {policy}\n" + (parent is null ? "" : $"parent: {Id(parent)}\n");

    private static string Id(string name) => $"spiffe://agents.test/agent/{name}";

    private static async Task<Outcome<LimitPlan>> LimitAsync(TestAuthority authority, string name, string limit, AdminCaller? caller = null, bool seconded = false) =>
        await authority.Services.Limits.LimitAsync(Id(name), "limits.yaml", limit, AgentRegistryTests.Registrar(caller ?? Operator, seconded), default);

    private static async Task<AgentRecord> FindAsync(TestAuthority authority, string name) => (await authority.Environment.Stores.Agents.FindAsync(Id(name), default))!;

    private static AgentPolicy PolicyOf(Certificate certificate) => AgentPolicyDer.Parse(certificate.FindExtension(AgentPolicyDer.DefaultOid)!.Value);

    private static IEnumerable<string> Texts(Certificate certificate) => PolicyOf(certificate).Scopes.Scopes.Select(s => s.ToString());

    private static T Done<T>(Outcome<T> outcome) => outcome is Outcome<T>.Done(var value) ? value : throw new InvalidOperationException(((Outcome<T>.Refused)outcome).Problem.Detail);

    private static PkiProblem Refused<T>(Outcome<T> outcome) => Assert.IsType<Outcome<T>.Refused>(outcome).Problem;
}
