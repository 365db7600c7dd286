using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Testing.Stores;

// The registry: agents as they are registered, owners, and what rules do.
public abstract partial class StoreContractTests<TStore>
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(StoreSamples.Now.UtcDateTime);

    private IAgentStore Agents => Store;

    [Fact]
    public async Task PutAgents_NewAndChanged_AreKeptWholeWithTheirRevision()
    {
        var registered = StoreSamples.Agent(1) with { Profile = "", Registration = Described() };
        Put(new AgentPut(registered, null), new AgentPut(StoreSamples.Agent(2) with { Parent = registered.Id }, null));
        var kept = registered with { Registration = Described() with { Revision = 1 } };
        Assert.Equal(kept, await Agents.FindAsync(registered.Id, Cancelled));
        Assert.Equal(registered.Id, (await Agents.FindAsync(StoreSamples.AgentId(2), Cancelled))!.Parent);

        var plain = kept with { Registration = new AgentRegistration { Tier = RiskTier.Critical, Children = ChildRule.None } };
        Put(new AgentPut(plain, 1));
        Assert.Equal(plain with { Registration = plain.Registration with { Revision = 2 } }, await Agents.FindAsync(registered.Id, Cancelled));

        // Its first certificate says of which profile it is.
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        Assert.Equal("agent", (await Agents.FindAsync(registered.Id, Cancelled))!.Profile);
    }

    [Fact]
    public async Task ListAsync_BeneathAndHeads_AreTheTreesPages()
    {
        AgentRecord Of(int number, int? parent) => StoreSamples.Agent(number) with { Parent = parent is { } p ? StoreSamples.AgentId(p) : null };
        Put([.. new (int, int?)[] { (1, null), (2, 1), (3, 1), (4, 2), (5, 4), (6, null), (7, null), (8, 7) }.Select(a => new AgentPut(Of(a.Item1, a.Item2), null))]);
        Assert.Equal([2, 3, 4, 5], await NumbersAsync(new AgentQuery { Beneath = StoreSamples.AgentId(1), OldestFirst = true }, 10));
        Assert.Equal([4, 5], await NumbersAsync(new AgentQuery { Beneath = StoreSamples.AgentId(1), OldestFirst = true, After = StoreSamples.AgentId(3) }, 10));
        Assert.Equal([5], await NumbersAsync(new AgentQuery { Beneath = StoreSamples.AgentId(4) }, 10));
        Assert.Empty(await NumbersAsync(new AgentQuery { Beneath = StoreSamples.AgentId(5) }, 10));
        Assert.Equal(4, await Agents.CountAsync(new AgentQuery { Beneath = StoreSamples.AgentId(1) }, Cancelled));
        Assert.Equal([1, 7], await NumbersAsync(new AgentQuery { HeadsOfFamilies = true, OldestFirst = true }, 10));
        Assert.Equal(2, await Agents.CountAsync(new AgentQuery { HeadsOfFamilies = true }, Cancelled));
        Assert.Equal(1, await Agents.CountAsync(new AgentQuery { HeadsOfFamilies = true, CameAfter = StoreSamples.AgentId(1) }, Cancelled));
    }

    [Fact]
    public async Task PutAgents_NotAsSeen_ConflictsAndLeavesNothing()
    {
        Put(new AgentPut(StoreSamples.Agent(1), null));
        var other = new AgentPut(StoreSamples.Agent(2), null);
        Conflict(new StoreChange.PutAgents([other, new AgentPut(StoreSamples.Agent(1), null)]));
        Conflict(new StoreChange.PutAgents([other, new AgentPut(StoreSamples.Agent(1), 0)]));
        Conflict(new StoreChange.PutAgents([other, new AgentPut(StoreSamples.Agent(3), 1)]));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Retired)));
        Conflict(new StoreChange.PutAgents([other, new AgentPut(StoreSamples.Agent(1), 1)]));
        Assert.Null(await Agents.FindAsync(StoreSamples.AgentId(2), Cancelled));
    }

    [Fact]
    public async Task PutAgents_FamiliesOfTwoOwnersOrInACircle_Conflict()
    {
        var (one, two, three) = (StoreSamples.Agent(1), StoreSamples.Agent(2), StoreSamples.Agent(3));
        Put(new AgentPut(one, null), new AgentPut(two with { Parent = one.Id }, null), new AgentPut(three with { Parent = two.Id }, null));
        Conflict(new StoreChange.PutAgents([new AgentPut(one with { Owner = "team-b" }, 1)]));
        Conflict(new StoreChange.PutAgents([new AgentPut(three with { Owner = "team-b", Parent = two.Id }, 1)]));
        Conflict(new StoreChange.PutAgents([new AgentPut(one with { Parent = three.Id }, 1)]));
        Conflict(new StoreChange.PutAgents([new AgentPut(StoreSamples.Agent(4) with { Parent = "spiffe://example.test/nobody" }, null)]));
        Assert.Equal("team-a", (await Agents.FindAsync(one.Id, Cancelled))!.Owner);

        // All of them together may go.
        Put(new AgentPut(three with { Owner = "team-b", Parent = two.Id }, 1), new AgentPut(one with { Owner = "team-b" }, 1), new AgentPut(two with { Owner = "team-b", Parent = one.Id }, 1));
        Assert.Equal("team-b", (await Agents.FindAsync(three.Id, Cancelled))!.Owner);
    }

    [Fact]
    public void Children_BeyondTheRule_ConflictHoweverTheyCome()
    {
        Assert.True(ChildRule.TryCreate(["/team-*/agent-*"], 1, out var rule, out _));
        var parent = StoreSamples.Agent(1) with { Registration = new AgentRegistration { Children = rule } };
        Put(new AgentPut(parent, null));
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(2) with { Parent = parent.Id })));
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(3))));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(4) with { Parent = parent.Id }));
        Conflict(new StoreChange.SetAgentParent(StoreSamples.AgentId(3), parent.Id));
        Conflict(new StoreChange.PutAgents([new AgentPut(StoreSamples.Agent(3) with { Parent = parent.Id }, 0)]));
        Commit(StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(2), parent.Id)));

        // Whoever is retired leaves a place; a name that is not among those does not fill it.
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Retired)));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(5) with { Id = "spiffe://example.test/elsewhere", Parent = parent.Id }));
        Commit(StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(3), parent.Id)));
        Put(new AgentPut(parent with { Registration = new AgentRegistration { Children = ChildRule.None } }, 1));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(6) with { Parent = parent.Id }));
    }

    [Fact]
    public async Task Owners_ComeWithTheirAgents_LeaveAndReturn()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Request(new StoreChange.PutOwner(new OwnerRecord("bert", OwnerKind.Person, "bert@example.test", OwnerState.Left, StoreSamples.Now, StoreSamples.Now))));
        Commit(StoreSamples.Request(new StoreChange.PutOwner(new OwnerRecord("team-a", OwnerKind.Team, null, OwnerState.Active, StoreSamples.Now.AddDays(1), null))));
        var teamA = new OwnerRecord("team-a", OwnerKind.Team, null, OwnerState.Active, StoreSamples.Now, null);
        Assert.Equal(teamA, await Agents.FindOwnerAsync("team-a", Cancelled));
        Assert.Equal([("bert", 0L, 0L), ("team-a", 1, 0)], (await Agents.ListOwnersAsync(null, null, null, 10, Cancelled)).Select(o => (o.Owner.Name, o.Agents, o.Suspended)));
        Assert.Equal(["team-a"], (await Agents.ListOwnersAsync(null, null, "bert", 10, Cancelled)).Select(o => o.Owner.Name));
        Assert.Equal(["bert"], (await Agents.ListOwnersAsync(OwnerState.Active, ["bert", "nobody"], null, 10, Cancelled)).Select(o => o.Owner.Name));
        Assert.Empty(await Agents.ListOwnersAsync(null, [], null, 10, Cancelled));

        Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Left, StoreSamples.Now)));
        Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Left, StoreSamples.Now.AddDays(9))));
        Assert.Equal(teamA with { State = OwnerState.Left, Left = StoreSamples.Now }, await Agents.FindOwnerAsync("team-a", Cancelled));
        Conflict(new StoreChange.MoveOwner("nobody", OwnerState.Left, StoreSamples.Now));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(2)));
        Conflict(new StoreChange.PutAgents([new AgentPut(StoreSamples.Agent(2), null)]));

        // What is there goes on.
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        Put(new AgentPut(StoreSamples.Agent(1), 0));

        Conflict(new StoreChange.SuspendByRule(StoreSamples.AgentId(1), SuspensionRule.OwnerLeft, StoreSamples.Now.AddSeconds(-1), null));
        Commit(StoreSamples.Request(new StoreChange.SuspendByRule(StoreSamples.AgentId(1), SuspensionRule.OwnerLeft, StoreSamples.Now, null)));
        var suspended = (await Agents.FindAsync(StoreSamples.AgentId(1), Cancelled))!;
        Assert.Equal((AgentState.Suspended, SuspensionRule.OwnerLeft), (suspended.State, suspended.SuspendedBy));
        Assert.Equal(1, Assert.Single(await Agents.ListOwnersAsync(OwnerState.Left, null, null, 10, Cancelled)).Suspended);
        Conflict(new StoreChange.SuspendByRule(StoreSamples.AgentId(1), SuspensionRule.OwnerLeft, StoreSamples.Now, null));

        Assert.Equal(1, Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Active, StoreSamples.Now))).Selected?.Agents);
        Assert.Equal((AgentState.Active, SuspensionRule.None), (await Agents.FindAsync(StoreSamples.AgentId(1), Cancelled)) is { } back ? (back.State, back.SuspendedBy) : default);
    }

    [Fact]
    public async Task SuspendedByRule_AndThenByAPerson_StaysSuspendedWhenTheReasonEnds()
    {
        for (var n = 1; n <= 4; n++)
        {
            Commit(StoreSamples.Issuance(n));
        }

        Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Left, StoreSamples.Now)));
        for (var n = 1; n <= 4; n++)
        {
            Commit(StoreSamples.Request(new StoreChange.SuspendByRule(StoreSamples.AgentId(n), SuspensionRule.OwnerLeft, StoreSamples.Now, null)));
        }

        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Suspended)));
        Commit(StoreSamples.Request(new StoreChange.RevokeSet(new RevocationSelector { Agent = StoreSamples.AgentId(2) }, StoreSamples.Now, RevocationReason.CertificateHold, Agents: AgentState.Suspended)));
        Commit(StoreSamples.Request(new StoreChange.RevokeSet(new RevocationSelector { Agent = StoreSamples.AgentId(3) }, StoreSamples.Now, RevocationReason.KeyCompromise, Agents: AgentState.Retired)));
        Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Active, StoreSamples.Now)));

        AgentState[] expected = [AgentState.Suspended, AgentState.Suspended, AgentState.Retired, AgentState.Active];
        for (var n = 1; n <= 4; n++)
        {
            Assert.Equal((expected[n - 1], SuspensionRule.None), (await Agents.FindAsync(StoreSamples.AgentId(n), Cancelled)) is { } agent ? (agent.State, agent.SuspendedBy) : default);
        }
    }

    [Fact]
    public async Task Transfer_OfAllOrOfAFamily_GivesThemToTheOther()
    {
        var (one, two, three) = (StoreSamples.Agent(1), StoreSamples.Agent(2), StoreSamples.Agent(3));
        Put(new AgentPut(one, null), new AgentPut(two with { Parent = one.Id }, null), new AgentPut(three, null));
        Conflict(new StoreChange.TransferAgents("team-a", "team-b", null));
        Commit(StoreSamples.Request(new StoreChange.PutOwner(new OwnerRecord("team-b", OwnerKind.Team, null, OwnerState.Active, StoreSamples.Now, null))));
        Conflict(new StoreChange.TransferAgents("team-a", "team-b", two.Id));
        Conflict(new StoreChange.TransferAgents("team-c", "team-b", one.Id));
        Conflict(new StoreChange.TransferAgents("team-a", "team-b", StoreSamples.AgentId(9)));

        Commit(StoreSamples.Request(new StoreChange.MoveOwner("team-a", OwnerState.Left, StoreSamples.Now)));
        Commit(StoreSamples.Request(new StoreChange.SuspendByRule(two.Id, SuspensionRule.OwnerLeft, StoreSamples.Now, null)));
        Assert.Equal(2, Commit(StoreSamples.Request(new StoreChange.TransferAgents("team-a", "team-b", one.Id))).Selected?.Agents);
        Assert.Equal(("team-b", AgentState.Active), (await Agents.FindAsync(two.Id, Cancelled)) is { } moved ? (moved.Owner, moved.State) : default);
        Assert.Equal("team-a", (await Agents.FindAsync(three.Id, Cancelled))!.Owner);
        Assert.Equal(1, Commit(StoreSamples.Request(new StoreChange.TransferAgents("team-a", "team-b", null))).Selected?.Agents);
        Conflict(new StoreChange.TransferAgents("team-b", "team-a", null));
    }

    [Fact]
    public async Task Reviews_AreScheduledDueMadeAndLiftWhatTheySuspended()
    {
        Put(new AgentPut(StoreSamples.Agent(1) with { Registration = new AgentRegistration { Tier = RiskTier.High } }, null), new AgentPut(StoreSamples.Agent(2), null));
        Assert.Equal(1, await Agents.CountAsync(new AgentQuery { Tier = RiskTier.High, Unscheduled = true, State = AgentState.Active }, Cancelled));
        Assert.Equal(1, Commit(StoreSamples.Request(new StoreChange.ScheduleReviews(RiskTier.High, Today))).Selected?.Agents);
        Conflict(new StoreChange.ScheduleReviews(RiskTier.High, Today));
        Conflict(new StoreChange.SuspendByRule(StoreSamples.AgentId(1), SuspensionRule.ReviewOverdue, null, Today));
        Assert.Empty(await Agents.ListAsync(new AgentQuery { ReviewBefore = Today }, 10, Cancelled));
        Assert.Equal([StoreSamples.AgentId(1)], (await Agents.ListAsync(new AgentQuery { ReviewBefore = Today.AddDays(1) }, 10, Cancelled)).Select(a => a.Id));

        Commit(StoreSamples.Request(new StoreChange.SuspendByRule(StoreSamples.AgentId(1), SuspensionRule.ReviewOverdue, null, Today.AddDays(1))));
        Commit(StoreSamples.Request(new StoreChange.ReviewAgent(StoreSamples.AgentId(1), Today.AddDays(30))));
        var reviewed = (await Agents.FindAsync(StoreSamples.AgentId(1), Cancelled))!;
        Assert.Equal((AgentState.Active, SuspensionRule.None, Today.AddDays(30), 3), (reviewed.State, reviewed.SuspendedBy, reviewed.Registration.ReviewBy, reviewed.Registration.Revision));
        Conflict(new StoreChange.ReviewAgent(StoreSamples.AgentId(9), null));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Retired)));
        Conflict(new StoreChange.ReviewAgent(StoreSamples.AgentId(2), null));
    }

    [Fact]
    public async Task Agents_ByQuery_InPages()
    {
        for (var n = 1; n <= 6; n++)
        {
            Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(n) with { Owner = n % 2 == 0 ? "even" : "odd" })));
        }

        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(6), AgentState.Retired)));
        Commit(StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(4), StoreSamples.AgentId(2))));
        Assert.Equal([6, 4], await NumbersAsync(new AgentQuery { Owners = ["even"] }, 2));
        Assert.Equal([2], await NumbersAsync(new AgentQuery { Owners = ["even"], After = StoreSamples.AgentId(4) }, 2));
        Assert.Equal([6, 5, 4, 3, 2, 1], await NumbersAsync(new AgentQuery { Owners = ["even", "odd", "neither"] }, 10));
        Assert.Equal([3, 4, 5], await NumbersAsync(new AgentQuery { OldestFirst = true, After = StoreSamples.AgentId(2), WithoutRetired = true }, 10));
        Assert.Equal([4], await NumbersAsync(new AgentQuery { Parent = StoreSamples.AgentId(2) }, 10));
        Assert.Empty(await NumbersAsync(new AgentQuery { Owners = [] }, 10));
        Assert.Empty(await NumbersAsync(new AgentQuery { After = StoreSamples.AgentId(9) }, 10));
        Assert.Equal(2, await Agents.CountAsync(new AgentQuery { Owners = ["even"], WithoutRetired = true, After = StoreSamples.AgentId(1) }, Cancelled));
        Assert.Equal(1, await Agents.CountAsync(new AgentQuery { State = AgentState.Retired }, Cancelled));
        Commit(StoreSamples.Request(new StoreChange.MoveOwner("odd", OwnerState.Left, StoreSamples.Now)));
        Assert.Equal([5, 3, 1], await NumbersAsync(new AgentQuery { LeftUntil = StoreSamples.Now, State = AgentState.Active }, 10));
        Assert.Empty(await NumbersAsync(new AgentQuery { LeftUntil = StoreSamples.Now.AddMilliseconds(-1) }, 10));
    }

    [Fact]
    public async Task Certificates_OfOwners_InPages()
    {
        for (var n = 1; n <= 4; n++)
        {
            Commit(StoreSamples.Request(
                new StoreChange.RegisterAgent(StoreSamples.Agent(n) with { Owner = n % 2 == 0 ? "even" : "odd" }), new StoreChange.BindKey(StoreSamples.KeyFingerprint(n), StoreSamples.AgentId(n)), new StoreChange.AddCertificate(StoreSamples.Certificate(n))));
        }

        Assert.Equal([StoreSamples.Serial(4), StoreSamples.Serial(2)], await SerialsAsync(["even"], null));
        Assert.Equal([StoreSamples.Serial(2)], await SerialsAsync(["even", "nobody"], new CertificateCursor(StoreSamples.Authority, StoreSamples.Serial(3))));
        Assert.Equal([StoreSamples.Serial(2), StoreSamples.Serial(1)], await SerialsAsync(null, new CertificateCursor(StoreSamples.Authority, StoreSamples.Serial(3))));
        Assert.Empty(await SerialsAsync(null, new CertificateCursor(StoreSamples.Authority, StoreSamples.Serial(9))));
        Assert.Empty(await SerialsAsync([], null));
    }

    [Fact]
    public async Task ListRequests_OfOnePerson_AreHisAlone()
    {
        foreach (var (id, who) in new[] { ("1", "alice"), ("2", "bob"), ("3", "alice") })
        {
            Commit(StoreSamples.Request(new StoreChange.AddAdminRequest(AdminRequest(id) with { Requester = new AdminPerson(who, null) })));
        }

        Assert.Equal(["3", "1"], (await Governance.ListRequestsAsync(null, "alice", 10, Cancelled)).Select(r => r.Id));
        Assert.Equal(["3"], (await Governance.ListRequestsAsync(AdminRequestState.Pending, "alice", 1, Cancelled)).Select(r => r.Id));
        Assert.Empty(await Governance.ListRequestsAsync(AdminRequestState.Done, "alice", 10, Cancelled));
    }

    private async Task<IEnumerable<byte[]>> SerialsAsync(string[]? owners, CertificateCursor? after) =>
        (await Certificates.ListAsync(owners is null ? null : [.. owners], after, 10, Cancelled)).Select(c => c.Certificate.Serial);

    private async Task<IEnumerable<int>> NumbersAsync(AgentQuery query, int limit) => (await Agents.ListAsync(query, limit, Cancelled)).Select(a => int.Parse(a.Id[(a.Id.LastIndexOf('-') + 1)..]));

    private void Put(params AgentPut[] agents) => Commit(StoreSamples.Request(new StoreChange.PutAgents([.. agents])));

    private static AgentRegistration Described()
    {
        Assert.True(ChildRule.TryCreate(["/team-*/agent-*", "/x/**"], 7, out var children, out _));
        Assert.True(ComponentDescriptor.TryCreate("assistant", "maker", null, $"sha256:{new string('a', 64)}", out var model, out _));
        Assert.True(ComponentDescriptor.TryCreate("runner", null, "1.2", null, out var runtime, out _));
        return new AgentRegistration
        {
            Purpose = "Answers questions, in Greek: ναί",
            Environment = "production",
            Tier = RiskTier.High,
            Profiles = ["agent", "agent-short"],
            Children = children,
            Model = model,
            Runtime = runtime,
            ReviewBy = new DateOnly(2027, 5, 1),
            Policy = new byte[] { 0x30, 0 },
            Limits = new byte[] { 0x30, 1, 5 },
        };
    }
}
