using AgentPki.Agents;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

/// <summary>Agents with what is below them.</summary>
public sealed class AgentTreesTests
{
    [Fact]
    public async Task Read_AFamily_IsInOrderWithWhatThoseAboveLeave()
    {
        await using var authority = await FamilyAsync();
        var (certificate, key) = await authority.AgentAsync("c");
        await key.DisposeAsync();
        var (held, heldKey) = await authority.AgentAsync("c");
        await heldKey.DisposeAsync();
        await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(held), RevocationReason.CertificateHold, "admin:test", "test", "c"), default);
        await authority.Services.Agents.SetStateAsync(Id("b"), AgentState.Suspended, "admin:test", "c", default);

        var page = (await ReadAsync(authority, "a"))!;
        Assert.Equal([("a", 0), ("b", 1), ("c", 2), ("d", 1)], page.Nodes.Select(n => (n.Agent.Id[^1..], n.Generation)));
        Assert.Equal([3, 2, 1, 1], page.Nodes.Select(n => n.Policy!.DelegationDepth));
        Assert.Equal("read:crm/**", page.Nodes[2].Policy!.Scopes.ToString());
        Assert.Equal([false, false, true, false], page.Nodes.Select(n => n.IsBelowSuspended));
        Assert.Equal(new CertificateTally(1, 1, 0), page.Nodes[2].Certificates);
        Assert.Equal([(2, 0), (1, 0), (0, 0), (0, 0)], page.Nodes.Select(n => ((int)n.Children, (int)n.More)));

        // From the middle down it is the same, and it is known that the one above is suspended.
        var below = (await ReadAsync(authority, "c"))!;
        Assert.Equal((true, 1, "read:crm/**"), (below.Nodes[0].IsBelowSuspended, below.Nodes[0].Policy!.DelegationDepth, below.Nodes[0].Policy!.Scopes.ToString()));
        Assert.Null(await ReadAsync(authority, "nobody"));
        authority.Time.Turn(TimeSpan.FromDays(100));
        Assert.Equal(new CertificateTally(0, 0, 0), (await ReadAsync(authority, "c"))!.Nodes[0].Certificates);
        Assert.Equal(certificate.SpiffeId!.ToString(), below.Nodes[0].Agent.Id);
    }

    [Fact]
    public async Task Read_Heads_AreThoseWithChildren_OfTheCallersOwners()
    {
        await using var authority = await FamilyAsync();
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("x", "low", "team-b") + "---\n" + AgentRegistryTests.Document("y", "low", "team-b") + $"parent: {Id("x")}\n---\n" + AgentRegistryTests.Document("alone", "low"));
        Assert.Equal(["a", "b", "c", "d", "x", "y"], Names(await ReadAsync(authority, null)));
        Assert.Equal(["a", "x"], Names(await ReadAsync(authority, null, generations: 0)));
        Assert.Equal(["x", "y"], Names(await authority.Services.Trees.ReadAsync(new AgentTreeQuery(null, null, 64, 100) { Owners = ["team-b"] }, default)));
        var first = (await ReadAsync(authority, null, limit: 2))!;
        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(1, first.More);
        Assert.Equal(["x", "y"], Names(await ReadAsync(authority, null, after: Id("a"))));
        Assert.Null((await ReadAsync(authority, null))!.Nodes[^1].Policy);
    }

    [Fact]
    public async Task Read_ThousandsOfChildren_IsAPageAndTheNumberOfTheOthers()
    {
        await using var authority = await FamilyAsync();
        var many = Enumerable.Range(0, 3000).Select(n => new AgentPut(new AgentRecord(Id($"d/{n:0000}"), "team-a", "", AgentState.Active, authority.Time.GetUtcNow(), Id("d")), null));
        Assert.IsType<CommitOutcome.Committed>(await authority.Services.Commits.CommitAsync(new CommitRequest(null, [new StoreChange.PutAgents([.. many])]), default));

        var page = (await ReadAsync(authority, "a", limit: 10))!;
        Assert.Equal((10, 2994), (page.Nodes.Length, page.Nodes[3].More));
        var next = (await ReadAsync(authority, "d", limit: 10, after: page.Nodes[^1].Agent.Id))!;
        Assert.Equal((Id("d/0006"), Id("d/0014"), 2985, 3000), (next.Nodes[1].Agent.Id, next.Nodes[^1].Agent.Id, (int)next.Nodes[0].More, (int)next.Nodes[0].Children));
        var bare = (await ReadAsync(authority, "d", generations: 0))!;
        Assert.Equal((1, 3000), (bare.Nodes.Length, (int)bare.Nodes[0].More));
        // No room for any of its children: all of them are left.
        Assert.Equal((2, 1, 1), ((int)(await ReadAsync(authority, "a", limit: 1))!.Nodes[0].More, (int)(await ReadAsync(authority, "a", limit: 2))!.Nodes[0].More, (int)(await ReadAsync(authority, "a", limit: 2))!.Nodes[1].More));
    }

    // a; below it b with c, and d.
    private static async Task<TestAuthority> FamilyAsync()
    {
        var authority = await TestAuthority.StartAsync();
        string Of(string name, string policy, string parent) => AgentRegistryTests.Document(name, "low") + $"policy: {policy}\nparent: {parent}\n";
        await AgentRegistryTests.ApplyAsync(authority, Of("a", """{"scopes":["read:crm/**"],"delegation_depth":3}""", "none"));
        await AgentRegistryTests.ApplyAsync(authority, Of("b", """{"scopes":["read:**"],"delegation_depth":2}""", Id("a")));
        await AgentRegistryTests.ApplyAsync(authority, Of("c", """{"scopes":["read:**"],"delegation_depth":2}""", Id("b")));
        await AgentRegistryTests.ApplyAsync(authority, Of("d", """{"scopes":["read:crm/x"],"delegation_depth":1}""", Id("a")));
        return authority;
    }

    private static ValueTask<AgentTreePage?> ReadAsync(TestAuthority authority, string? name, int generations = 64, int limit = 100, string? after = null) =>
        authority.Services.Trees.ReadAsync(new AgentTreeQuery(name is null ? null : Id(name), after, generations, limit), default);

    private static string[] Names(AgentTreePage? page) => [.. page!.Nodes.Select(n => n.Agent.Id[(n.Agent.Id.LastIndexOf('/') + 1)..])];

    private static string Id(string name) => $"spiffe://agents.test/agent/{name}";
}
