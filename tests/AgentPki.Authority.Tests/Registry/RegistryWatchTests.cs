using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

public sealed class RegistryWatchTests
{
    [Fact]
    public async Task Orphans_AfterTheGrace_AreSuspended_AndActiveAgainWhenSomebodyAnswersForThem()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await authority.AgentAsync("a.agents.test", await authority.CredentialAsync());
        var (id, owners) = (certificate.SpiffeId!.ToString(), authority.Services.Owners);
        await owners.LeaveAsync("team-a", "admin:x", "c", default);
        await authority.Services.MaintainAsync(default);
        Assert.Equal((AgentState.Active, 1L), ((await FindAsync(authority, id)).State, authority.Services.RegistryWatch.Counts.Orphans));

        authority.Time.Turn(TimeSpan.FromDays(14) - TimeSpan.FromSeconds(1));
        await authority.Services.MaintainAsync(default);
        Assert.Equal(AgentState.Active, (await FindAsync(authority, id)).State);
        authority.Time.Turn(TimeSpan.FromSeconds(1));
        await authority.Services.MaintainAsync(default);
        await authority.Services.MaintainAsync(default);
        Assert.Equal((AgentState.Suspended, SuspensionRule.OwnerLeft, 0L), ((await FindAsync(authority, id)).State, (await FindAsync(authority, id)).SuspendedBy, authority.Services.RegistryWatch.Counts.Orphans));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentSuspendedByRule));
        Assert.Equal((id, "team-a", "its owner left, and the grace is over", authority.Services.RegistryRules.Current.Digest), (entry["agent"], entry["owner"], entry["reason"], entry["digest"]));

        // Nobody talks it out of that but by giving it somebody who answers.
        var activated = Assert.IsType<Outcome<AgentRecord>.Refused>(await authority.Services.Agents.SetStateAsync(id, AgentState.Active, "admin:x", "c", default));
        Assert.Contains("agentpki owner return", activated.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(1, Assert.IsType<Outcome<(OwnerRecord Owner, long Agents)>.Done>(await owners.ReturnAsync("team-a", "admin:x", "c", default)).Value.Agents);
        Assert.Equal("1", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.OwnerReturned))["agents"]);
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), await authority.CredentialAsync()));
    }

    [Fact]
    public async Task Reviews_AreScheduledByTier_Overdue_Suspended_AndMade()
    {
        var rules = new RulesFolder(isGoverned: false, "tiers:\n  low: {register: [ra-administrator], review: 30d}\nreviews: {grace: 1d}\norphans: {then: report}\n");
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = rules });
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var id = certificate.SpiffeId!.ToString();
        await authority.Services.MaintainAsync(default);
        await authority.Services.MaintainAsync(default);
        Assert.Equal(new DateOnly(2027, 3, 31), (await FindAsync(authority, id)).Registration.ReviewBy);
        Assert.Equal("1", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.ReviewsScheduled))["agents"]);

        // Due on the 31st, until its end; a day of grace follows.
        authority.Time.Turn(new DateTimeOffset(2027, 4, 1, 23, 59, 0, TimeSpan.Zero) - authority.Time.GetUtcNow());
        await authority.Services.MaintainAsync(default);
        Assert.Equal((AgentState.Active, 1L), ((await FindAsync(authority, id)).State, authority.Services.RegistryWatch.Counts.Overdue));
        authority.Time.Turn(TimeSpan.FromMinutes(1));
        await authority.Services.MaintainAsync(default);
        Assert.Equal((AgentState.Suspended, SuspensionRule.ReviewOverdue), ((await FindAsync(authority, id)).State, (await FindAsync(authority, id)).SuspendedBy));
        Assert.Contains("its review was due on 2027-03-31", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentSuspendedByRule))["reason"], StringComparison.Ordinal);

        var registrar = AgentRegistryTests.Registrar(AgentRegistryTests.Caller("otto", AdminRole.RaAdministrator), false);
        Assert.IsType<Outcome<AgentRecord>.Refused>(await authority.Services.Registry.ReviewAsync(id, new DateOnly(2027, 6, 1), registrar, default));
        var owner = AgentRegistryTests.Registrar(AgentRegistryTests.Caller("olga", AdminRole.Owner, "team-a"), false);
        Assert.Contains("is of tier low", Assert.IsType<Outcome<AgentRecord>.Refused>(await authority.Services.Registry.ReviewAsync(id, null, owner, default)).Problem.Detail, StringComparison.Ordinal);
        var reviewed = Assert.IsType<Outcome<AgentRecord>.Done>(await authority.Services.Registry.ReviewAsync(id, null, registrar, default)).Value;
        Assert.Equal((AgentState.Active, new DateOnly(2027, 5, 2)), (reviewed.State, reviewed.Registration.ReviewBy));
        Assert.Equal("Active", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AgentReviewed))["state"]);

        // Reported only: nothing is suspended.
        rules.Text = rules.Text!.Replace("grace: 1d", "then: report", StringComparison.Ordinal);
        authority.Time.Turn(TimeSpan.FromDays(400));
        await authority.Services.MaintainAsync(default);
        Assert.Equal((AgentState.Active, 1L), ((await FindAsync(authority, id)).State, authority.Services.RegistryWatch.Counts.Overdue));
    }

    private static async Task<AgentRecord> FindAsync(TestAuthority authority, string id) => (await authority.Environment.Stores.Agents.FindAsync(id, default))!;
}
