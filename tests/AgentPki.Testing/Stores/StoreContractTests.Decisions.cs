using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Store;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Testing.Stores;

// What agents are narrowed to or given for a time, and what they used up.
public abstract partial class StoreContractTests<TStore>
{
    private IDecisionStore Decisions => Store;

    [Fact]
    public async Task AddAdjustment_OfAKnownAgent_IsListedUntilItEnds()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        var (first, second) = (Adjust("1", StoreSamples.Agent(1).Id, AdjustmentKind.Elevation, 5), Adjust("2", StoreSamples.Agent(1).Id, AdjustmentKind.Narrowing, 10));
        Commit(StoreSamples.Request(new StoreChange.AddAdjustment(first)));
        Commit(StoreSamples.Request(new StoreChange.AddAdjustment(second)));

        Assert.Equal([first, second], await Decisions.ListAdjustmentsAsync(StoreSamples.Now, Cancelled));
        Assert.Equal([second], await Decisions.ListAdjustmentsAsync(first.NotAfter, Cancelled));
        Conflict(new StoreChange.AddAdjustment(first));
        Conflict(new StoreChange.AddAdjustment(Adjust("3", "spiffe://agents.test/nobody", AdjustmentKind.Elevation, 5)));

        Commit(StoreSamples.Request(new StoreChange.EndAdjustment(second.Id, StoreSamples.Now.AddMinutes(1))));
        Assert.Equal([first], await Decisions.ListAdjustmentsAsync(StoreSamples.Now, Cancelled));
        Conflict(new StoreChange.EndAdjustment(second.Id, StoreSamples.Now.AddMinutes(2)));
        Conflict(new StoreChange.EndAdjustment(first.Id, first.NotAfter));
        Conflict(new StoreChange.EndAdjustment("4", StoreSamples.Now));
    }

    [Fact]
    public async Task Spend_AddsUpAndTakesAllOrNothing()
    {
        var agent = StoreSamples.Agent(1);
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(agent)));
        Commit(StoreSamples.Request(new StoreChange.Spend(agent.Id, [new Spending("actions", 1, 3), new Spending("usd-cents", 70, 100)])));
        Conflict(new StoreChange.Spend(agent.Id, [new Spending("actions", 1, 3), new Spending("usd-cents", 31, 100)]));
        Conflict(new StoreChange.Spend(agent.Id, [new Spending("other", 5, 4)]));
        Conflict(new StoreChange.Spend("spiffe://agents.test/nobody", [new Spending("actions", 1, 3)]));
        Commit(StoreSamples.Request(new StoreChange.Spend(agent.Id, [new Spending("actions", 2, 3), new Spending("usd-cents", 30, 100)])));
        Conflict(new StoreChange.Spend(agent.Id, [new Spending("actions", 1, 3)]));
        Commit(StoreSamples.Request(new StoreChange.Spend(agent.Id, [new Spending("usd-cents", 0, 100)])));

        var spent = await Decisions.FindSpendingAsync(agent.Id, Cancelled);
        Assert.Equal([("actions", 3L), ("usd-cents", 100L)], spent.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => (s.Key, s.Value)));
    }

    private static Adjustment Adjust(string id, string agent, AdjustmentKind kind, int minutes) =>
        new(id.PadLeft(32, '0'), kind, agent, ScopeSet.Of("read:crm/**", "write:crm/a"), StoreSamples.Now, StoreSamples.Now.AddMinutes(minutes), "because", "admin:test");
}
