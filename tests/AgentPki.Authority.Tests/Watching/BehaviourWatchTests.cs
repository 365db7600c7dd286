using AgentPki.Agents;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>What is found by the watch beside everything else, and what is done about it.</summary>
public sealed class BehaviourWatchTests
{
    private const string Suspending = """
        responsesAnHour: 1
        detectors: {refusals: {bound: 5}}
        responses: {low: {refusals: suspend}}
        """;

    [Fact]
    public async Task Watch_RefusalsOfAnAgent_SuspendItByRuleAndSayWhy()
    {
        await using var authority = await WatchedAuthority.StartAsync(Suspending);
        var id = await authority.WatchedAgentAsync("a.agents.test");

        await authority.RefuseAsync(id, 5);
        var held = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1));

        var answered = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered));
        Assert.Equal("5 refusals in 600 s, 83 % of its requests; 5 are too many for any agent, and its usual peak is 0", answered["reason"]);
        Assert.Equal((id, "refusals", "suspend", "low", WatchRulesTests.Read(Suspending).Digest), (answered["agent"], answered["detector"], answered["decision"], answered["tier"], answered["digest"]));
        Assert.Equal((answered["correlation"], nameof(RevocationReason.CertificateHold), "watch"), (held["correlation"], held["reason"], held["protocol"]));
        Assert.Equal(AgentState.Suspended, (await authority.Services.Agents.FindAsync(id, default))!.State);
    }

    [Fact]
    public async Task Watch_WhatWasSuspended_IsGivenBackByPeople()
    {
        await using var authority = await WatchedAuthority.StartAsync(Suspending);
        var id = await authority.WatchedAgentAsync("a.agents.test");
        await authority.RefuseAsync(id, 5);
        await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1);

        var response = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered))["correlation"];
        await authority.Services.Reversals.RevertAsync(new ReversalRequest(response, "a", "b", "admin:a+b", "c"), default);

        Assert.Equal(AgentState.Active, (await authority.Services.Agents.FindAsync(id, default))!.State);
    }

    [Fact]
    public async Task Watch_BeyondTheHourlyLimit_DoesNothingButSay()
    {
        await using var authority = await WatchedAuthority.StartAsync(Suspending);
        var (one, other) = (await authority.WatchedAgentAsync("a.agents.test"), await authority.WatchedAgentAsync("b.agents.test"));
        await authority.RefuseAsync(one, 5);
        await authority.RefuseAsync(other, 5);

        var refused = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourNotAnswered, 1));

        Assert.Equal((other, "the limit of responses by rule within an hour (1) is reached"), (refused["agent"], refused["problem"]));
        Assert.Equal(AgentState.Active, (await authority.Services.Agents.FindAsync(other, default))!.State);

        // An hour later there is room again.
        authority.Time.Advance(TimeSpan.FromMinutes(61));
        await authority.RefuseAsync(other, 5);
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 2)).Count);
    }

    [Fact]
    public async Task Watch_WithoutRules_SaysAndDoesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var id = await authority.WatchedAgentAsync("a.agents.test");
        await authority.RefuseAsync(id, 100);

        var found = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourFound, 1));

        Assert.Equal(("refusals", "alert"), (found["detector"], found["decision"]));
        Assert.Equal(AgentState.Active, (await authority.Services.Agents.FindAsync(id, default))!.State);
    }

    [Fact]
    public async Task Watch_ApplianceThatCannotAnswer_IsNoRefusalOfTheAgent()
    {
        await using var authority = await WatchedAuthority.StartAsync(Suspending);
        var id = await authority.WatchedAgentAsync("a.agents.test");
        for (var i = 0; i < 20; i++)
        {
            await authority.Services.Audit.RefuseAsync(new Refusal($"agent:{id}", new PkiProblem(PkiProblemKind.Unavailable, "down"), "test", "c"), default);
        }

        await authority.RefuseAsync(id, 5);
        await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1);

        // The events are looked at in their order: had the twenty counted, the finding would have been of the fifth of them.
        Assert.StartsWith("5 refusals in 600 s, 83 %", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered))["reason"], StringComparison.Ordinal);
        Assert.Equal(0, authority.Services.Behaviour.Waiting);
    }

    [Fact]
    public async Task Publish_ByManyWhileNobodyLooks_LosesAndWaitsForNothingItDoesNotCount()
    {
        const int Each = 100_000;
        var queue = new BehaviourQueue(1000);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                queue.Publish(new BehaviourEvent(DateTimeOffset.UnixEpoch, "spiffe://agents.test/agent/a", BehaviourKind.Denied) { Action = "read", Resource = "crm/customers/42" });
            }
        })));
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.Elapsed.TotalNanoseconds / (4 * Each):0} ns for an event, four at a time");

        Assert.Equal((1000, (4L * Each) - 1000), (queue.Waiting, queue.Dropped));
    }

    [Fact]
    public void Publish_QueueThatIsFull_DropsAndCounts()
    {
        var queue = new BehaviourQueue(2);
        for (var i = 0; i < 3; i++)
        {
            queue.PublishFor("agent:spiffe://agents.test/agent/a", DateTimeOffset.UnixEpoch, BehaviourKind.Denied);
        }

        queue.PublishFor("credential:x", DateTimeOffset.UnixEpoch, BehaviourKind.Denied);

        Assert.Equal((2, 1L), (queue.Waiting, queue.Dropped));
    }
}
