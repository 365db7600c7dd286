using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Migration;

/// <summary>One campaign, command by command; whole fleets are in the store's tests.</summary>
public sealed class CampaignTests
{
    private static readonly KeyAlgorithm Old = KeyAlgorithm.EcdsaP256;
    private static readonly KeyAlgorithm New = KeyAlgorithm.EcdsaP384;

    [Fact]
    public async Task PlanAsync_SaysWhoAndWhat_AndChangesNothing()
    {
        await using var fleet = await FleetAsync(6);
        var size = await fleet.Authority.LedgerSizeAsync();
        var plan = await fleet.Migrations.PlanAsync(Draft("p", share: 5000), "admin:test", default);

        Assert.Empty(plan.Obstacles);
        Assert.Equal((6, 6), (plan.Agents, plan.Certificates));
        Assert.InRange(plan.Switched, 0, 6);
        Assert.Equal(("agent", Old, New.Name, "issuing", 6), plan.Lines.Select(l => (l.Profile, l.From, l.To, l.Issuer, l.Agents)).Single());
        Assert.Equal(("team-a", 6), plan.Owners.Select(o => (o.Key, o.Value)).Single());
        Assert.Equal(fleet.Agents.Max(a => a.Certificate.NotAfter), plan.Deadline);
        Assert.True(plan.Octets > 0 == plan.Switched > 0);
        Assert.Equal(size, await fleet.Authority.LedgerSizeAsync());
        Assert.Empty(await fleet.Migrations.ListAsync(default));
    }

    [Theory]
    [InlineData("none of that owner", "no live certificate")]
    [InlineData("no such profile", "no profile 'nowhere'")]
    [InlineData("no target", "needs a target")]
    [InlineData("cannot sign", "sign nothing")]
    [InlineData("bad name", "a campaign's name")]
    [InlineData("arrived already", "no live certificate")]
    [InlineData("share of nothing", "above 0 %")]
    public async Task StartAsync_WhatCannotBe_IsRefusedWithTheReason(string what, string reason)
    {
        await using var fleet = await FleetAsync(1);
        var draft = what switch
        {
            "none of that owner" => Draft("a") with { Selector = new CampaignSelector([], ["team-z"], []) },
            "no such profile" => Draft("a") with { Target = new CampaignTarget(null, "nowhere") },
            "no target" => Draft("a") with { Target = new CampaignTarget(null, null) },
            "cannot sign" => Draft("a") with { Target = new CampaignTarget(KeyAlgorithm.MlKem768, null) },
            "bad name" => Draft("A b"),
            "arrived already" => Draft("a") with { Selector = new CampaignSelector([], [], []), Target = new CampaignTarget(Old, null) },
            _ => Draft("a", share: 0),
        };
        var problem = Assert.IsType<Outcome<CampaignChange>.Refused>(await fleet.Migrations.StartAsync(draft, "admin:test", "c", default)).Problem;
        Assert.Contains(reason, problem.Detail, StringComparison.Ordinal);
        Assert.NotEmpty(await fleet.Authority.EntriesAsync(LedgerEntryKind.AdminRefused));
    }

    [Fact]
    public async Task StartAsync_AShare_SwitchesTheSameAgentsEveryTime_AndOnlyThose()
    {
        await using var fleet = await FleetAsync(12);
        await fleet.StartAsync(Draft("half", share: 5000));

        foreach (var agent in fleet.Agents)
        {
            var switched = CampaignShare.PositionOf("half", agent.Id) < 5000;
            Assert.Equal(switched ? [New] : (KeyAlgorithm[])[.. fleet.Authority.Services.Profiles.Default.KeyAlgorithms], (await fleet.ProfileAsync(agent)).KeyAlgorithms);
            var (kept, moved) = (await fleet.RenewAsync(agent, Old), await fleet.RenewAsync(agent, New));
            Assert.Equal(switched, kept is EnrollmentOutcome.Rejected { Problem.Kind: PkiProblemKind.UnsupportedAlgorithm });
            Assert.IsType<EnrollmentOutcome.Issued>(moved); // outside the profile's own rules decide: it takes both
        }

        var progress = (await fleet.Migrations.FindAsync("half", default))!;
        var covered = fleet.Agents.Count(a => CampaignShare.PositionOf("half", a.Id) < 5000);
        Assert.Equal((covered, 12 - covered), (progress.Of(MemberState.Issued), progress.Of(MemberState.Selected)));
    }

    [Fact]
    public async Task Member_WholeWay_SwitchedIssuedInUseRetired_EachStepAnEntry()
    {
        await using var fleet = await FleetAsync(1);
        var agent = fleet.Agents[0];
        await fleet.StartAsync(Draft("way"));
        Assert.Equal(MemberState.Switched, await fleet.StateAsync("way", agent));

        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent, New)).Certificate;
        Assert.Equal(MemberState.Issued, await fleet.StateAsync("way", agent));
        Assert.Equal("way", (await fleet.Authority.EntriesAsync(LedgerEntryKind.CertificateIssued))[^1]["campaign"]);

        // The old certificate proves nothing about the new one, and without a proof nothing is retired.
        await fleet.ProfileAsync(agent);
        fleet.Authority.Time.Advance(TimeSpan.FromHours(2));
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(MemberState.Issued, await fleet.StateAsync("way", agent));
        Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(agent.Certificate))!.Status);

        await fleet.ProfileAsync(agent with { Certificate = issued });
        Assert.Equal(MemberState.InUse, await fleet.StateAsync("way", agent));
        await fleet.Migrations.AdvanceAsync(default);
        Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(agent.Certificate))!.Status); // the grace runs
        fleet.Authority.Time.Advance(TimeSpan.FromHours(1));
        await fleet.Migrations.AdvanceAsync(default);

        Assert.Equal(MemberState.Retired, await fleet.StateAsync("way", agent));
        Assert.Equal(RevocationReason.Superseded, Assert.IsType<CertificateStatus.Revoked>((await fleet.Authority.FindAsync(agent.Certificate))!.Status).Reason);
        Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(issued))!.Status);
        Assert.Equal(CampaignState.Completed, (await fleet.Migrations.FindAsync("way", default))!.Campaign.State);
        Assert.Equal(["Selected", "Switched", "InUse"], (await fleet.Authority.EntriesAsync(LedgerEntryKind.CampaignAdvanced)).Select(e => e["state"]));
        Assert.Equal(("way", "Retired"), (await fleet.Authority.EntriesAsync(LedgerEntryKind.CertificateRevoked)).Select(e => (e["campaign"], e["state"])).Single());
        Assert.Equal("Completed", (await fleet.Authority.EntriesAsync(LedgerEntryKind.CampaignChanged)).Single()["state"]);

        // Complete, and in force: nobody falls back.
        var moved = agent with { Certificate = issued };
        Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(moved, Old));
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(moved, New));
    }

    [Fact]
    public async Task Member_Lapse_NothingIsRevoked_RetiredWhenTheOldOneHasEnded()
    {
        await using var fleet = await FleetAsync(1);
        var agent = fleet.Agents[0];
        await fleet.StartAsync(Draft("lapse") with { Retirement = Retirement.Lapse });
        fleet.Authority.Time.Advance(TimeSpan.FromHours(20));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent, New)).Certificate;
        await fleet.ProfileAsync(agent with { Certificate = issued });
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(MemberState.InUse, await fleet.StateAsync("lapse", agent));
        fleet.Authority.Time.Advance(TimeSpan.FromHours(5));
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(MemberState.Retired, await fleet.StateAsync("lapse", agent));
        Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(agent.Certificate))!.Status);
    }

    [Fact]
    public async Task Renewal_OfASwitchedAgent_NeedsNoWindow_OfAnotherItDoes()
    {
        var profiles = ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(t => t.File == "agent.yaml" ? (t.File, t.Yaml + "\nrenewal: {window: 8h}\n") : t));
        await using var fleet = await FleetAsync(1, profiles);
        var agent = fleet.Agents[0];
        Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(agent, New));
        await fleet.StartAsync(Draft("now"));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent, New)).Certificate;
        Assert.Contains("too early", Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(agent with { Certificate = issued }, New)).Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewal_WhoseAnswerWasLost_NeedsNoWindowEither_UntilTheNewOneIsInUse()
    {
        var profiles = ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(t => t.File == "agent.yaml" ? (t.File, t.Yaml + "\nrenewal: {window: 8h}\n") : t));
        await using var fleet = await FleetAsync(1, profiles);
        var agent = fleet.Agents[0];
        await fleet.StartAsync(Draft("now"));
        await fleet.MoveAsync(agent, confirm: false);

        var again = await fleet.MoveAsync(agent, confirm: true);

        Assert.Equal(MemberState.InUse, await fleet.StateAsync("now", agent));
        foreach (var held in new[] { agent.Certificate, again })
        {
            Assert.Contains("too early", Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(agent with { Certificate = held }, New)).Problem.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Refusal_OfASwitchedAgent_IsShownAsItsFailure_UntilItMoves()
    {
        await using var fleet = await FleetAsync(2);
        await fleet.StartAsync(Draft("fail"));
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(fleet.Agents[0], Old)).Problem;
        Assert.Contains("campaign 'fail' moves this agent to ecdsa-p384", problem.Detail, StringComparison.Ordinal);

        var progress = (await fleet.Migrations.FindAsync("fail", default))!;
        Assert.Equal((1, 0), (progress.Failed, progress.Stuck));
        fleet.Authority.Time.Advance(TimeSpan.FromHours(5));
        var stuck = await fleet.Migrations.StuckAsync(progress.Campaign, 10, default);
        Assert.Equal([(fleet.Agents[0].Id, true), (fleet.Agents[1].Id, false)], stuck.Select(s => (s.Member.AgentId, s.Failed)));
        Assert.Contains("ecdsa-p256", stuck[0].Reason, StringComparison.Ordinal);
        Assert.Contains("has not enrolled", stuck[1].Reason, StringComparison.Ordinal);
        Assert.Equal((1, 1), ((await fleet.Migrations.FindAsync("fail", default))!.Failed, (await fleet.Migrations.FindAsync("fail", default))!.Stuck));

        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(fleet.Agents[0], New));
        Assert.Equal(0, (await fleet.Migrations.FindAsync("fail", default))!.Failed);
    }

    [Fact]
    public async Task StartAsync_OverlappingAnOpenCampaign_IsRefusedByName_AfterItsEndItIsNot()
    {
        await using var fleet = await FleetAsync(2);
        await fleet.StartAsync(Draft("first"));
        var refused = Assert.IsType<Outcome<CampaignChange>.Refused>(await fleet.Migrations.StartAsync(Draft("second") with { Target = new CampaignTarget(KeyAlgorithm.Rsa3072, null) }, "admin:test", "c", default));
        Assert.Contains("campaign 'first' is not over and has 2 agents of this one", refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Single(await fleet.Migrations.ListAsync(default));
        await fleet.DoneAsync(fleet.Migrations.RollBackAsync("first", 0, "admin:test", "c", default));
        Assert.Equal(CampaignState.RolledBack, (await fleet.Migrations.FindAsync("first", default))!.Campaign.State);
        await fleet.StartAsync(Draft("second"));
    }

    [Fact]
    public async Task RollBackAsync_AtEachState_NothingIsRevokedBeforeTheOldKindIsInUse()
    {
        await using var fleet = await FleetAsync(4);
        var (untouched, issued, inUse, retired) = (fleet.Agents[0], fleet.Agents[1], fleet.Agents[2], fleet.Agents[3]);
        await fleet.StartAsync(Draft("back"));
        var retiredNew = await fleet.MoveAsync(retired, confirm: true);
        fleet.Authority.Time.Advance(TimeSpan.FromHours(2));
        await fleet.Migrations.AdvanceAsync(default);
        var issuedNew = await fleet.MoveAsync(issued, confirm: false);
        var inUseNew = await fleet.MoveAsync(inUse, confirm: true);

        var change = await fleet.DoneAsync(fleet.Migrations.RollBackAsync("back", 0, "admin:test", "c", default));
        Assert.Contains(change.Remarks, r => r.Contains("cannot be undone: 1 agents' old certificates were revoked", StringComparison.Ordinal));
        Assert.Equal(MemberState.RolledBack, await fleet.StateAsync("back", untouched));
        Assert.Equal(3, change.Progress.Of(MemberState.Returning));
        Assert.Equal(CampaignState.RollingBack, change.Progress.Campaign.State);

        // Two still have a good old certificate and go on with it; the third enrols for another.
        await fleet.ProfileAsync(issued);
        await fleet.ProfileAsync(inUse);
        Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.RenewAsync(retired with { Certificate = retiredNew }, New));
        var again = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(retired with { Certificate = retiredNew }, Old)).Certificate;
        foreach (var good in new[] { issuedNew, inUseNew, retiredNew, again })
        {
            Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(good))!.Status);
        }

        await fleet.ProfileAsync(retired with { Certificate = again });
        fleet.Authority.Time.Advance(TimeSpan.FromHours(2));
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(CampaignState.RolledBack, (await fleet.Migrations.FindAsync("back", default))!.Campaign.State);
        foreach (var gone in new[] { issuedNew, inUseNew, retiredNew })
        {
            Assert.IsType<CertificateStatus.Revoked>((await fleet.Authority.FindAsync(gone))!.Status);
        }

        Assert.IsType<CertificateStatus.Good>((await fleet.Authority.FindAsync(again))!.Status);
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(retired with { Certificate = again }, Old));
    }

    [Fact]
    public async Task PauseAndResume_NothingIsRetiredOrSwitchedInBetween()
    {
        await using var fleet = await FleetAsync(1);
        var agent = fleet.Agents[0];
        await fleet.StartAsync(Draft("pause"));
        await fleet.MoveAsync(agent, confirm: true);
        await fleet.DoneAsync(fleet.Migrations.PauseAsync("pause", "admin:test", "c", default));
        fleet.Authority.Time.Advance(TimeSpan.FromHours(5));
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(MemberState.InUse, await fleet.StateAsync("pause", agent));
        Assert.IsType<Outcome<CampaignChange>.Refused>(await fleet.Migrations.EnlargeShareAsync("pause", 10_000, "admin:test", "c", default));
        await fleet.DoneAsync(fleet.Migrations.ResumeAsync("pause", "admin:test", "c", default));
        Assert.Equal(MemberState.Retired, await fleet.StateAsync("pause", agent));
    }

    [Fact]
    public async Task Newcomer_DuringACampaign_MayBeEither_AtTheWholeTheTargetOnly()
    {
        await using var fleet = await FleetAsync(1);
        var credential = await fleet.Authority.CredentialAsync("newcomers");
        await fleet.StartAsync(Draft("new", share: 1));
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.EnrolAsync("n1.agents.test", New, credential));
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.EnrolAsync("n2.agents.test", Old, credential));
        await fleet.DoneAsync(fleet.Migrations.EnlargeShareAsync("new", CampaignRecord.Whole, "admin:test", "c", default));
        Assert.Equal([New], (await fleet.Authority.Services.Registration.ProfileForAsync(credential, "agent", default))!.KeyAlgorithms);
        Assert.IsType<EnrollmentOutcome.Rejected>(await fleet.EnrolAsync("n3.agents.test", Old, credential));
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.EnrolAsync("n3.agents.test", New, credential));
        // Who came with the old kind meanwhile was taken in when the share was raised.
        Assert.Equal(2, (await fleet.Migrations.FindAsync("new", default))!.Of(MemberState.Switched));
    }

    [Fact]
    public async Task ToAnotherProfile_TheLabelMeansThatProfileForTheAgent()
    {
        var profiles = ProfileCatalog.Read([.. ProfileCatalog.DefaultTexts(), ("next.yaml", ProfileCatalog.DefaultTexts().First(t => t.File == "agent.yaml").Yaml
            .Replace("name: agent\n", "name: agent-next\n", StringComparison.Ordinal).Replace("default: true\n", "", StringComparison.Ordinal).Replace("labels: [agent]\n", "labels: [agent-next]\n", StringComparison.Ordinal)
            .Replace("validity: 24h", "validity: 12h", StringComparison.Ordinal))]);
        await using var fleet = await FleetAsync(1, profiles);
        var agent = fleet.Agents[0];
        await fleet.StartAsync(Draft("profile") with { Target = new CampaignTarget(New, "agent-next"), Selector = new CampaignSelector([], [], ["agent"]) });
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent, New, "agent")).Certificate;
        Assert.Equal("agent-next", (await fleet.Authority.FindAsync(issued))!.Certificate.Profile);
        // The client goes on with the label it knows.
        Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent with { Certificate = issued }, New, "agent"));
        Assert.Equal(MemberState.InUse, await fleet.StateAsync("profile", agent));
        await fleet.DoneAsync(fleet.Migrations.RollBackAsync("profile", 0, "admin:test", "c", default));
        var back = Assert.IsType<EnrollmentOutcome.Issued>(await fleet.RenewAsync(agent with { Certificate = issued }, Old, "agent")).Certificate;
        Assert.Equal("agent", (await fleet.Authority.FindAsync(back))!.Certificate.Profile);
    }

    [Fact]
    public async Task Member_SuspendedOrRevoked_HasLeft_AndTheCampaignGoesOnWithoutIt()
    {
        await using var fleet = await FleetAsync(2);
        await fleet.StartAsync(Draft("left"));
        await fleet.Authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.Agent(fleet.Agents[0].Id, AgentState.Retired), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        await fleet.MoveAsync(fleet.Agents[1], confirm: true);
        fleet.Authority.Time.Advance(TimeSpan.FromHours(2));
        await fleet.Migrations.AdvanceAsync(default);
        var progress = (await fleet.Migrations.FindAsync("left", default))!;
        Assert.Equal((CampaignState.Completed, 1, 1), (progress.Campaign.State, progress.Of(MemberState.Left), progress.Of(MemberState.Retired)));
    }

    [Fact]
    public async Task AdvanceAsync_AfterAStartThatWasCutOff_TakesInTheMembers()
    {
        await using var fleet = await FleetAsync(2);
        var campaign = (await fleet.Migrations.PlanAsync(Draft("cut", share: 5000), "admin:test", default)).Campaign;
        await fleet.Authority.Services.Commits.CommitAsync(new CommitRequest(CampaignEntries.Started(campaign, "c", campaign.Created), [new StoreChange.AddCampaign(campaign)]), default);
        await fleet.Authority.RestartAsync();
        await fleet.Authority.Services.MaintainAsync(default);
        Assert.Equal(2, (await fleet.Authority.Services.Migrations.FindAsync("cut", default))!.Total);
    }

    private static CampaignDraft Draft(string name, int share = CampaignRecord.Whole) =>
        new(name, new CampaignSelector([Old], [], []), new CampaignTarget(New, null), share, Grace: TimeSpan.FromHours(1), Patience: TimeSpan.FromHours(4));

    private static async Task<Fleet> FleetAsync(int count, ProfileCatalog? profiles = null)
    {
        var authority = await TestAuthority.StartAsync(profiles: profiles);
        var credential = await authority.CredentialAsync();
        var agents = new List<Agent>();
        for (var i = 0; i < count; i++)
        {
            var (certificate, _) = await authority.AgentAsync($"a{i}.agents.test", credential);
            agents.Add(new Agent($"a{i}.agents.test", certificate));
        }

        return new Fleet(authority, agents);
    }

    private sealed record Agent(string Name, Certificate Certificate)
    {
        public string Id => Certificate.SpiffeId!.ToString();
    }

    private sealed record Fleet(TestAuthority Authority, IReadOnlyList<Agent> Agents) : IAsyncDisposable
    {
        public MigrationService Migrations => Authority.Services.Migrations;

        public async Task<CampaignChange> StartAsync(CampaignDraft draft) => await DoneAsync(Migrations.StartAsync(draft, "admin:test", "c", default));

        public async Task<CampaignChange> DoneAsync(ValueTask<Outcome<CampaignChange>> command) => await command switch
        {
            Outcome<CampaignChange>.Done(var change) => change,
            Outcome<CampaignChange>.Refused(var problem) => throw new InvalidOperationException(problem.Detail),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        /// <summary>What csrattrs would say, asked with the agent's certificate.</summary>
        public async Task<CertificateProfile> ProfileAsync(Agent agent) => (await Authority.Services.Registration.ProfileForAsync(new Requester.AgentCertificate(agent.Certificate), "agent", default))!;

        public async Task<EnrollmentOutcome> RenewAsync(Agent agent, KeyAlgorithm algorithm, string? label = null) => await Authority.EnrollAsync(
            await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(algorithm), agent.Name), new Requester.AgentCertificate(agent.Certificate), label, EnrollmentKind.Renew);

        public async Task<EnrollmentOutcome> EnrolAsync(string name, KeyAlgorithm algorithm, Requester requester) =>
            await Authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(algorithm), name), requester);

        /// <summary>Renews for the target and, if asked, shows the new certificate.</summary>
        public async Task<Certificate> MoveAsync(Agent agent, bool confirm)
        {
            var issued = Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(agent, New)).Certificate;
            if (confirm)
            {
                await ProfileAsync(agent with { Certificate = issued });
            }

            return issued;
        }

        public async Task<MemberState> StateAsync(string campaign, Agent agent) => (await Authority.Store.As().FindMembersAsync(agent.Id, default)).Single(m => m.Campaign == campaign).State;

        public ValueTask DisposeAsync() => Authority.DisposeAsync();
    }
}

file static class Stores
{
    public static ICampaignStore As(this Testing.Stores.InMemoryStore store) => store;
}
