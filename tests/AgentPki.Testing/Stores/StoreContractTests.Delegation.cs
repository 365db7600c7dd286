using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

// Grants.
public abstract partial class StoreContractTests<TStore>
{
    private IGrantStore Grants => Store;

    [Fact]
    public async Task AddGrant_OfAChild_IsKeptAndKnownOnce()
    {
        var (parent, child) = (StoreSamples.Agent(1), StoreSamples.Agent(2) with { Parent = StoreSamples.AgentId(1) });
        Put(new AgentPut(parent, null), new AgentPut(child, null));
        var grant = new GrantRecord([.. Enumerable.Range(0, 32).Select(i => (byte)i)], parent.Id, child.Id, "a.b.c", "issuing", [1, 2], StoreSamples.Now);
        Commit(StoreSamples.Request(new StoreChange.AddGrant(grant, 1)));
        var kept = await Grants.FindGrantAsync(grant.Digest, Cancelled);
        Assert.NotNull(kept);
        Assert.Equal((grant.Parent, grant.Child, grant.Text, grant.SignerAuthority, false), (kept.Parent, kept.Child, kept.Text, kept.SignerAuthority, kept.IsUsed));
        Assert.Equal(grant.SignerSerial, kept.SignerSerial);
        Assert.True(kept.Leaf > 0);

        Conflict(new StoreChange.AddGrant(grant, 1));
        Conflict(new StoreChange.AddGrant(grant with { Digest = new byte[32] }, 2)); // the parent is registered otherwise
        Conflict(new StoreChange.AddGrant(grant with { Digest = new byte[32], Child = StoreSamples.AgentId(9) }, 1));
        Assert.Equal(1, await Grants.CountGrantsAsync(parent.Id, StoreSamples.Now, Cancelled));
        Assert.Equal(0, await Grants.CountGrantsAsync(parent.Id, StoreSamples.Now.AddHours(1), Cancelled));
        Assert.Equal(0, await Grants.CountGrantsAsync(child.Id, StoreSamples.Now, Cancelled));

        Commit(StoreSamples.Request(new StoreChange.UseGrant(grant.Digest)));
        Conflict(new StoreChange.UseGrant(grant.Digest));
        Conflict(new StoreChange.UseGrant(new byte[32]));
        Assert.True((await Grants.FindGrantAsync(grant.Digest, Cancelled))!.IsUsed);
    }

    [Fact]
    public void RequirePolicy_AnotherThanRead_Conflicts()
    {
        var agent = StoreSamples.Agent(1) with { Registration = new AgentRegistration { Policy = new byte[] { 1, 2, 3 } } };
        Put(new AgentPut(agent, null), new AgentPut(StoreSamples.Agent(2), null));
        Commit(StoreSamples.Request(new StoreChange.RequirePolicy(agent.Id, [1, 2, 3]), new StoreChange.RequirePolicy(StoreSamples.AgentId(2), null), new StoreChange.RequirePolicy(StoreSamples.AgentId(3), null)));
        Conflict(new StoreChange.RequirePolicy(agent.Id, [1, 2]));
        Conflict(new StoreChange.RequirePolicy(agent.Id, null));
        Conflict(new StoreChange.RequirePolicy(StoreSamples.AgentId(2), []));
    }
}
