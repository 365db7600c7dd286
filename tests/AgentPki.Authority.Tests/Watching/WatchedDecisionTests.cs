using System.Net;
using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>What agents do before whoever guards a resource, as the appliance decides it, is what they are watched by.</summary>
public sealed class WatchedDecisionTests
{
    private const string Reading = "policies:\n- {id: reading, effect: permit, actions: [read], resources: ['crm/**']}\n";

    private const string Suspending = """
        detectors: {refusals: {bound: 30}}
        responses: {low: {refusals: suspend}}
        """;

    [Fact]
    public async Task Decide_AgentThatIsDeniedInABurst_IsSuspendedByRuleAndTheLedgerSaysWhy()
    {
        await using var authority = await WatchedAuthority.StartAsync(Suspending);
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Reading));
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);

        await DecideAsync(decider, certificate, 30, "delete");
        var held = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1));

        var answered = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered));
        Assert.Equal("30 refusals in 600 s, 94 % of its requests; 30 are too many for any agent, and its usual peak is 0", answered["reason"]);
        Assert.Equal((certificate.SpiffeId!.ToString(), "suspend", answered["correlation"]), (answered["agent"], answered["decision"], held["correlation"]));
        Assert.Equal([LedgerEntryKind.BehaviourAnswered, LedgerEntryKind.CertificateRevoked], await KindsAsync(authority, answered["correlation"]));
        var denied = await decider.DecideAsync(TestDecider.Call(certificate));
        Assert.Equal((false, DecisionRule.Status), (denied.Decision.IsPermitted, denied.Decision.Reasons[0].Rule));
        var response = Assert.Single(await authority.Services.Stores.Watch.ListResponsesAsync(new WatchResponseQuery(), 10, default));
        Assert.Equal((answered["correlation"], WatchResponseState.Done, 1L, 1L), (response.Id, response.State, response.Agents, response.Certificates));
    }

    [Fact]
    public async Task Decide_RuleThatNarrows_NarrowsForItsTimeAndNoLonger()
    {
        await using var authority = await WatchedAuthority.StartAsync("""
            detectors: {refusals: {bound: 5, window: 1m}}
            responses: {low: {refusals: narrow}}
            narrow: {scopes: ['read:crm/customers/*'], for: 1h}
            """);
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Reading));
        var (certificate, _) = await authority.AgentAsync("a");
        await DecideAsync(decider, certificate, 5, "delete");
        var adjusted = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentAdjusted, 1));

        var answered = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered));
        Assert.Equal(("narrow", answered["correlation"], "read:crm/customers/*"), (answered["decision"], adjusted["correlation"], adjusted["scopes"]));
        Assert.Equal([LedgerEntryKind.BehaviourAnswered, LedgerEntryKind.AgentAdjusted], await KindsAsync(authority, answered["correlation"]));
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        Assert.Equal(DecisionRule.Narrowed, await RuleAsync(decider, certificate, "crm/invoices/1"));
        Assert.Equal(AgentState.Active, (await authority.Services.Agents.FindAsync(certificate.SpiffeId!.ToString(), default))!.State);
        var response = Assert.Single(await authority.Services.Stores.Watch.ListResponsesAsync(new WatchResponseQuery(), 10, default));
        Assert.Equal((WatchResponseState.Done, adjusted["adjustment"]), (response.State, response.AdjustmentId));

        // It goes on: that is said, and it is narrowed once.
        authority.Time.Advance(TimeSpan.FromMinutes(10));
        await DecideAsync(decider, certificate, 5, "read", "secret/x", DecisionRule.Narrowed);
        await authority.RefuseAsync(certificate.SpiffeId!.ToString(), 5);
        await authority.EntriesAsync(LedgerEntryKind.BehaviourFound, 1);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentAdjusted));

        authority.Time.Advance(TimeSpan.FromMinutes(51));
        Assert.Equal(DecisionRule.Permitted, await RuleAsync(decider, certificate, "crm/invoices/1"));
    }

    [Fact]
    public async Task Decide_NewNetworksAndResources_AreFoundAsTheGuardSentThem()
    {
        await using var authority = await WatchedAuthority.StartAsync("learningDays: 1\ndetectors: {newNetworks: {bound: 2}, newResources: {bound: 3}}\n");
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Reading));
        var (certificate, _) = await authority.AgentAsync("a");
        foreach (var (action, resource, address) in new[] { ("read", "crm/1", "10.1.2.3"), ("read", "crm/2", "10.1.2.4"), ("delete", "crm/4", "10.1.2.4"), ("read", "crm/2", "203.0.113.9"), ("read", "crm/3", "203.0.113.9") })
        {
            await decider.DecideAsync(TestDecider.Call(certificate, action, resource) with { Address = IPAddress.Parse(address) });
        }

        var found = await authority.EntriesAsync(LedgerEntryKind.BehaviourFound, 2);
        Assert.Equal(["newNetworks", "newResources"], found.Select(f => f["detector"]));
        Assert.StartsWith("2 networks in 86400 s that it has not come from before (it remembers 2), the last 203.0.113.0/24", found[0]["reason"], StringComparison.Ordinal);
        Assert.StartsWith("3 resources in 3600 s that it has not used before (it remembers 3)", found[1]["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decide_QuestionsAboutAnAgentThatAreNotItsDoing_SuspendNobody()
    {
        await using var authority = await WatchedAuthority.StartAsync("detectors: {refusals: {bound: 5}}\nresponses: {low: {refusals: suspend}}\n");
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Reading));
        var (framed, _) = await authority.AgentAsync("a");
        var (other, _) = await authority.AgentAsync("b");
        var narrowed = (await authority.AgentAsync("c")).Certificate;
        await authority.Services.Adjustments.AddAsync(AdjustmentKind.Narrowing, narrowed.SpiffeId!.ToString(), X509.AgentPolicies.ScopeSet.Nothing, TimeSpan.FromHours(1), "a test", "admin:a", "c", default);

        // Without its certificate, or with somebody else's, a question is nothing that the agent did; nor is what people took from it.
        for (var i = 0; i < 10; i++)
        {
            await decider.DecideAsync(TestDecider.Call(framed, "delete") with { Certificate = null });
            await decider.DecideAsync(TestDecider.Call(framed, "delete") with { Certificate = new NamedCertificate.Whole(other.Der) });
            await decider.DecideAsync(TestDecider.Call(narrowed));
        }

        // Events are looked at one after the other: had those counted, they would have been found before this.
        await DecideAsync(decider, other, 5, "delete");
        var answered = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered, 1));
        Assert.Equal(other.SpiffeId!.ToString(), answered["agent"]);
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.BehaviourFound));
    }

    private static async Task DecideAsync(TestDecider decider, Certificate certificate, int times, string action, string resource = "crm/customers/42", DecisionRule rule = DecisionRule.NoPermit)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(rule, (await decider.DecideAsync(TestDecider.Call(certificate, action, resource))).Decision.Reasons[0].Rule);
        }
    }

    private static async Task<DecisionRule> RuleAsync(TestDecider decider, Certificate certificate, string resource) =>
        (await decider.DecideAsync(TestDecider.Call(certificate, "read", resource))).Decision.Reasons[0].Rule;

    private static async Task<IReadOnlyList<LedgerEntryKind>> KindsAsync(TestAuthority authority, string correlation)
    {
        var found = new List<LedgerEntryKind>();
        await foreach (var record in authority.Store.ReadAsync(0, default))
        {
            if (record.Details?.Facts.GetValueOrDefault(AuditDetails.Correlation) == correlation)
            {
                found.Add(record.Leaf.Kind);
            }
        }

        return found;
    }
}
