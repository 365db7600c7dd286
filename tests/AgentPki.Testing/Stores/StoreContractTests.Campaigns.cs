using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    private ICampaignStore Campaigns => Store;

    [Fact]
    public async Task AddCampaign_New_IsListedAsItWas_AgainConflicts()
    {
        var (first, second) = (Campaign("first"), Campaign("second") with { Target = new CampaignTarget(null, "agent-pq"), Selector = new CampaignSelector([], [], []), Retirement = Retirement.Lapse });
        Commit(StoreSamples.Request(new StoreChange.AddCampaign(first)));
        Commit(StoreSamples.Request(new StoreChange.AddCampaign(second)));

        var all = await Campaigns.ListAsync(Cancelled);

        Assert.Equal(["first", "second"], all.Select(c => c.Name));
        Assert.Equal(first with { Selector = all[0].Selector }, all[0]);
        Assert.Equal(first.Selector.Algorithms, all[0].Selector.Algorithms);
        Assert.Equal(first.Selector.Owners, all[0].Selector.Owners);
        Assert.Equal(first.Selector.Profiles, all[0].Selector.Profiles);
        Assert.Equal(second with { Selector = all[1].Selector }, all[1]);
        Conflict(new StoreChange.AddCampaign(first));
    }

    [Fact]
    public async Task ChangeCampaign_FromItsState_Moves_FromAnotherConflicts()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCampaign(Campaign("one"))));

        Commit(StoreSamples.Request(new StoreChange.ChangeCampaign("one", CampaignState.Running, CampaignState.Completed, CampaignRecord.Whole, StoreSamples.Now)));

        var changed = Assert.Single(await Campaigns.ListAsync(Cancelled));
        Assert.Equal((CampaignState.Completed, CampaignRecord.Whole, StoreSamples.Now), (changed.State, changed.Share, changed.Ended));
        Conflict(new StoreChange.ChangeCampaign("one", CampaignState.Running, CampaignState.Paused, 1, null));
        Conflict(new StoreChange.ChangeCampaign("none", CampaignState.Running, CampaignState.Paused, 1, null));
    }

    [Fact]
    public async Task AddMember_OnceOrTwice_IsThereOnce_UnknownOrInAnotherOpenCampaignConflicts()
    {
        Members("one", 3);
        Commit(StoreSamples.Request(new StoreChange.AddCampaign(Campaign("two"))));

        Commit(StoreSamples.Request(Member("one", 1) with { Position = 9 }));

        Assert.Equal(new[] { 101, 102, 103 }, (await Campaigns.ListMembersAsync(new MemberQuery("one", null), 10, Cancelled)).Select(m => m.Position).Order());
        Conflict(Member("one", 99));
        Conflict(Member("none", 1));
        Conflict(Member("two", 1));
        Commit(StoreSamples.Request(new StoreChange.ChangeCampaign("one", CampaignState.Running, CampaignState.Completed, CampaignRecord.Whole, StoreSamples.Now)));
        Commit(StoreSamples.Request(Member("two", 1)));
        Assert.Equal(["one", "two"], (await Campaigns.FindMembersAsync(StoreSamples.AgentId(1), Cancelled)).Select(m => m.Campaign).Order());
    }

    [Fact]
    public async Task MoveMember_FromAnAllowedState_Moves_ThereAlready_Stays_ElseConflicts()
    {
        Members("one", 2);
        var switched = Move("one", 1, [MemberState.Selected], MemberState.Switched, 1);
        Commit(StoreSamples.Request(new StoreChange.NoteMember("one", StoreSamples.AgentId(1), "agent", "it went wrong", StoreSamples.Now)));
        Assert.Equal("it went wrong", (await Campaigns.FindMembersAsync(StoreSamples.AgentId(1), Cancelled))[0].Problem);

        Commit(StoreSamples.Request(switched));
        Commit(StoreSamples.Request(switched with { Time = StoreSamples.Now.AddDays(1) }));

        var member = Assert.Single(await Campaigns.FindMembersAsync(StoreSamples.AgentId(1), Cancelled));
        Assert.Equal((MemberState.Switched, StoreSamples.Now.AddMinutes(1), null, null), (member.State, member.Since, member.Problem, member.ProblemTime));
        Conflict(Move("one", 1, [MemberState.Issued], MemberState.InUse, 2));
        Conflict(Move("one", 99, [MemberState.Selected], MemberState.Switched, 2));
        Commit(StoreSamples.Request(new StoreChange.NoteMember("one", StoreSamples.AgentId(99), "agent", "nobody", StoreSamples.Now)));
    }

    [Fact]
    public async Task ListMembers_AsAsked()
    {
        Members("one", 4);
        Commit(StoreSamples.Request(Move("one", 2, [MemberState.Selected], MemberState.Switched, 5)));
        Commit(StoreSamples.Request(new StoreChange.NoteMember("one", StoreSamples.AgentId(3), "agent", "refused", StoreSamples.Now)));

        async Task<int[]> Ask(MemberQuery query) => [.. (await Campaigns.ListMembersAsync(query, 10, Cancelled)).Select(m => m.Position - 100).Order()];

        Assert.Equal(new[] { 1, 3, 4 }, await Ask(new MemberQuery("one", MemberState.Selected)));
        Assert.Equal(new[] { 2, 3 }, await Ask(new MemberQuery("one", null, 102, 104)));
        Assert.Equal(new[] { 1, 3, 4 }, await Ask(new MemberQuery("one", null, SinceUntil: StoreSamples.Now.AddMinutes(4))));
        Assert.Equal(new[] { 3 }, await Ask(new MemberQuery("one", null, FailedOnly: true)));
        Assert.Empty(await Ask(new MemberQuery("none", null)));
        Assert.Equal(2, (await Campaigns.ListMembersAsync(new MemberQuery("one", null), 2, Cancelled)).Count);
        Assert.Equal(
            [new MemberCount(MemberState.Selected, 3, 1, 3), new MemberCount(MemberState.Switched, 1, 0, 0)], await Campaigns.CountMembersAsync("one", StoreSamples.Now.AddMinutes(4), Cancelled));
    }

    [Fact]
    public async Task ListHolders_LiveCertificatesOfActiveAgents_ByProfileAndKind()
    {
        Commit(Issuance(1, KeyAlgorithm.EcdsaP256));
        Commit(Issuance(101, KeyAlgorithm.EcdsaP256, agent: 1, key: 1));
        Commit(Issuance(201, KeyAlgorithm.MlDsa65, agent: 1, key: 201));
        Commit(Issuance(2, KeyAlgorithm.EcdsaP256));
        Commit(Issuance(3, KeyAlgorithm.EcdsaP256));
        Commit(Issuance(4, null));
        Commit(StoreSamples.Revocation(2));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(3), AgentState.Suspended)));

        var holders = new List<CertificateHolder>();
        await foreach (var holder in Campaigns.ListHoldersAsync(StoreSamples.Now, Cancelled))
        {
            holders.Add(holder);
        }

        Assert.Equal(
            new (string, KeyAlgorithm?, int, int)[] { (StoreSamples.AgentId(1), KeyAlgorithm.EcdsaP256, 2, 1), (StoreSamples.AgentId(1), KeyAlgorithm.MlDsa65, 1, 1), (StoreSamples.AgentId(4), null, 1, 1) },
            holders.Select(h => (h.AgentId, h.Algorithm, h.Certificates, h.Keys)).OrderBy(h => h.AgentId, StringComparer.Ordinal).ThenBy(h => h.Algorithm?.Name, StringComparer.Ordinal));
        Assert.All(holders, h => Assert.Equal(("team-a", "agent"), (h.Owner, h.Profile)));
        await foreach (var late in Campaigns.ListHoldersAsync(StoreSamples.Now.AddDays(9), Cancelled))
        {
            Assert.Fail($"{late.AgentId} holds what has ended");
        }
    }

    [Fact]
    public async Task ListDeparted_InactiveOrWithoutCertificates()
    {
        Members("one", 4);
        Commit(StoreSamples.Revocation(1));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Retired)));
        Commit(StoreSamples.Request(Move("one", 3, [MemberState.Selected], MemberState.Issued, 1)));

        Assert.Equal(new[] { 101, 102 }, (await Campaigns.ListDepartedAsync("one", StoreSamples.Now, 10, Cancelled)).Select(m => m.Position).Order());
        Assert.Equal(new[] { 101, 102, 104 }, (await Campaigns.ListDepartedAsync("one", StoreSamples.Now.AddDays(9), 10, Cancelled)).Select(m => m.Position).Order());
    }

    [Fact]
    public async Task AddSuccession_New_IsListedAsItWas_AndMovesFromItsState()
    {
        Commit(StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord("next"))));
        var succession = new SuccessionRecord(StoreSamples.Authority, "next", SuccessionState.Prepared, [1, 2], [3], StoreSamples.Now, StoreSamples.Now.AddDays(1), StoreSamples.Now.AddDays(9));
        Commit(StoreSamples.Request(new StoreChange.AddSuccession(succession)));

        var known = Assert.Single(await ((IAuthorityStore)Store).ListSuccessionsAsync(Cancelled));
        Assert.Equal(succession with { NewWithOld = null, OldWithNew = null }, known with { NewWithOld = null, OldWithNew = null });
        Assert.Equal([1, 2], known.NewWithOld);
        Assert.Equal([3], known.OldWithNew);
        Conflict(new StoreChange.AddSuccession(succession));
        Conflict(new StoreChange.AddSuccession(succession with { Predecessor = "none" }));
        Conflict(new StoreChange.AddSuccession(succession with { Successor = "none" }));
        Conflict(new StoreChange.ChangeSuccession(StoreSamples.Authority, SuccessionState.Switched, SuccessionState.Finished));
        Commit(StoreSamples.Request(new StoreChange.ChangeSuccession(StoreSamples.Authority, SuccessionState.Prepared, SuccessionState.Switched)));
        Assert.Equal(SuccessionState.Switched, Assert.Single(await ((IAuthorityStore)Store).ListSuccessionsAsync(Cancelled)).State);
    }

    private static CampaignRecord Campaign(string name) => new(
        name, new CampaignSelector([KeyAlgorithm.EcdsaP256, KeyAlgorithm.Rsa3072], ["team-a", "team-b"], ["agent"]), new CampaignTarget(KeyAlgorithm.MlDsa65, null), 2500, Retirement.Revoke,
        TimeSpan.FromHours(2), TimeSpan.FromDays(3), CampaignState.Running, "admin:uid=0", StoreSamples.Now, null);

    private static StoreChange.AddMember Member(string campaign, int n) => new(campaign, StoreSamples.AgentId(n), "agent", 100 + n, StoreSamples.Now);

    private static StoreChange.MoveMember Move(string campaign, int n, MemberState[] from, MemberState to, int minutes) =>
        new(campaign, StoreSamples.AgentId(n), "agent", [.. from], to, StoreSamples.Now.AddMinutes(minutes));

    private void Members(string campaign, int count)
    {
        Commit(StoreSamples.Request(new StoreChange.AddCampaign(Campaign(campaign))));
        foreach (var n in Enumerable.Range(1, count))
        {
            Commit(StoreSamples.Issuance(n));
            Commit(StoreSamples.Request(Member(campaign, n)));
        }
    }

    private static CommitRequest Issuance(int n, KeyAlgorithm? algorithm, int? agent = null, int? key = null)
    {
        var certificate = StoreSamples.Certificate(n, agent, key) with { KeyAlgorithm = algorithm };
        return StoreSamples.Request(new StoreChange.AddCertificate(certificate), new StoreChange.RegisterAgent(StoreSamples.Agent(agent ?? n)), new StoreChange.BindKey(certificate.KeyFingerprint, certificate.AgentId!));
    }
}
