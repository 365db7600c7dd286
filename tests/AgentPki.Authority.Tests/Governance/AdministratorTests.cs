using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Governance;

public sealed class AdministratorTests
{
    [Fact]
    public async Task Bootstrap_WhileNobodyCanLogIn_MakesThemAndSaysSo()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob");

        var alice = await authority.KnownAsync(made[0]);
        Assert.Equal(("alice", "admin:alice", false), (alice.Name, alice.Actor, alice.IsWaived));
        Assert.Equal(People.Officers, alice.Roles);
        Assert.Equal([Oids.ClientAuth], made[0].ExtendedKeyUsages);
        Assert.Equal("CN=alice", made[0].Subject.ToString());
        Assert.Equal("alice, bob", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.GovernanceBootstrapped))["administrator"]);
        Assert.Equal(["alice", "bob"], (await authority.EntriesAsync(LedgerEntryKind.AdministratorAdded)).Select(e => e["administrator"]));
    }

    [Fact]
    public async Task Bootstrap_WhileSomebodyCanLogIn_IsRefused_AfterHisCertificateEnded_IsNot()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.BootstrapAsync("alice", "bob");
        Assert.Equal(PkiProblemKind.Conflict, (await BootstrapAsync(authority, alone: false, await People.NewAsync("mallory"), await People.NewAsync("trudy"))).Problem().Kind);
        Assert.NotEmpty(await authority.EntriesAsync(LedgerEntryKind.AdminRefused));

        authority.Time.Turn(TimeSpan.FromDays(31));
        await BootstrapAsync(authority, alone: false, await People.NewAsync("carol"), await People.NewAsync("dave"));
        Assert.Equal(4, (await authority.Services.Governance.ListAsync(default)).Count);
    }

    [Fact]
    public async Task Bootstrap_OfOneOfficer_OrOfNamesThatLookAlike_IsRefusedAndMakesNobody()
    {
        await using var authority = await TestAuthority.StartAsync();
        await BootstrapAsync(authority, alone: false, await People.NewAsync("alice")).RefusedAsync(PkiProblemKind.MalformedRequest);
        await BootstrapAsync(authority, alone: false, await People.NewAsync("alice"), await People.NewAsync("bob", AdminRole.Auditor)).RefusedAsync(PkiProblemKind.MalformedRequest);
        await BootstrapAsync(authority, alone: false, await People.NewAsync("alice"), await People.NewAsync("a1ice")).RefusedAsync(PkiProblemKind.Conflict);
        var alice = await People.NewAsync("alice");
        await BootstrapAsync(authority, alone: false, alice, alice with { Name = "bob" }).RefusedAsync(PkiProblemKind.Conflict);
        Assert.Empty(await authority.Services.Governance.ListAsync(default));
    }

    [Fact]
    public async Task Authenticate_RevokedHeldEndedOrRemoved_IsRefusedAtOnceWithTheReason()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob", "carol", "dave");
        await RevokeAsync(authority, made[0], RevocationReason.KeyCompromise);
        await RevokeAsync(authority, made[1], RevocationReason.CertificateHold);
        await authority.Services.Governance.AddAsync(await People.NewAsync("erin"), "test", "test", default);
        (await authority.Services.Governance.RemoveAsync("carol", "test", "test", default)).Value();

        Assert.Equal(("admin:alice", "the client certificate is revoked"), Told(await authority.UnknownAsync(made[0])));
        Assert.Equal(("admin:bob", "the client certificate is held"), Told(await authority.UnknownAsync(made[1])));
        Assert.Equal(("admin:carol", "administrator carol was removed"), Told(await authority.UnknownAsync(made[2])));
        await authority.KnownAsync(made[3]);
        authority.Time.Turn(TimeSpan.FromDays(31));
        Assert.Contains("valid from", Told(await authority.UnknownAsync(made[3])).Detail, StringComparison.Ordinal);
        authority.Time.Turn(TimeSpan.FromDays(-40));
        Assert.Contains("valid from", Told(await authority.UnknownAsync(made[3])).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authenticate_AnotherCertificate_IsNobodys()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var other = await TestAuthority.StartAsync();
        await authority.BootstrapAsync("alice", "bob");
        var theirs = await other.BootstrapAsync("alice", "bob");
        Assert.Equal(("stranger", "the client certificate was not issued by this appliance"), Told(await authority.UnknownAsync(theirs[0])));

        var (agent, key) = await authority.AgentAsync("agent-1");
        await using var held = key;
        Assert.Equal(($"agent:{agent.SpiffeId}", "the client certificate is not an administrator's"), Told(await authority.UnknownAsync(agent)));

        // Of the right profile, and over a key that is nobody's.
        await using var stray = await TestAuthority.KeyAsync();
        var issued = (await authority.Services.Appliance.IssueAsync(Authority.Profiles.ProfileUse.Administrator, stray.PublicKey, "alice", [], default)).Value();
        Assert.Equal("the key of the client certificate is no administrator's", Told(await authority.UnknownAsync(issued.Certificate)).Detail);

        // An administrator's certificate enrols nothing.
        await using var another = await TestAuthority.KeyAsync();
        var enrolled = await authority.EnrollAsync(await TestAuthority.RequestAsync(another, "agent-9"), new Requester.AgentCertificate(issued.Certificate));
        Assert.IsType<EnrollmentOutcome.Rejected>(enrolled);
    }

    [Fact]
    public async Task Authenticate_RefusedOverAndOver_BuysNoEntries()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob");
        await RevokeAsync(authority, made[0], RevocationReason.Superseded);
        var actors = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            actors.Add((await authority.UnknownAsync(made[0])).Actor);
        }

        Assert.Equal((60, 40), (actors.Count(a => a == "admin:alice"), actors.Count(a => a == "stranger")));
        authority.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("admin:alice", (await authority.UnknownAsync(made[0])).Actor);
    }

    [Fact]
    public async Task Add_ANameThatLooksLikeAnothers_OrAKeyThatIs_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.BootstrapAsync("alice", "bob");
        var governance = authority.Services.Governance;
        Assert.Equal(PkiProblemKind.Conflict, (await governance.AddAsync(await People.NewAsync("a1ice"), "test", "test", default)).Problem().Kind);
        var carol = await People.NewAsync("carol", AdminRole.Auditor);
        (await governance.AddAsync(carol, "test", "test", default)).Value();
        Assert.Equal(PkiProblemKind.Conflict, (await governance.AddAsync(carol with { Name = "dave" }, "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.Conflict, (await governance.IssueAsync("bob", carol.Request, "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.MalformedRequest, (await governance.AddAsync(carol with { Name = "dave", Roles = [] }, "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.MalformedRequest, (await governance.AddAsync(carol with { Name = "dave", Roles = [AdminRole.Owner] }, "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.MalformedRequest, (await governance.AddAsync(carol with { Name = "dave", Owners = ["team-a"] }, "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.MalformedRequest, (await governance.AddAsync(carol with { Name = "dave", Request = new byte[] { 0x30, 0x00 } }, "test", "test", default)).Problem().Kind);
        var forged = carol.Request.ToArray();
        forged[^1] ^= 1;
        Assert.Equal(PkiProblemKind.BadProofOfPossession, (await governance.AddAsync(carol with { Name = "dave", Request = forged }, "test", "test", default)).Problem().Kind);
    }

    [Fact]
    public async Task Issue_ForAFurtherKey_BindsItAndBothLogIn()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob");
        var further = (await authority.Services.Governance.IssueAsync("alice", (await People.NewAsync("alice")).Request, "test", "test", default)).Value();
        Assert.Equal("alice", (await authority.KnownAsync(further.Certificate)).Name);
        Assert.Equal("alice", (await authority.KnownAsync(made[0])).Name);
        Assert.Equal("alice", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AdministratorKeyBound))["administrator"]);
        Assert.Equal(PkiProblemKind.NotFound, (await authority.Services.Governance.IssueAsync("nobody", (await People.NewAsync("nobody")).Request, "test", "test", default)).Problem().Kind);
    }

    [Fact]
    public async Task Remove_OrDemote_BelowTwoOtherOfficers_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob");
        var governance = authority.Services.Governance;
        Assert.Equal(PkiProblemKind.Conflict, (await governance.RemoveAsync("bob", "test", "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.Conflict, (await governance.SetRolesAsync("bob", [AdminRole.Auditor], [], "test", "test", default)).Problem().Kind);

        (await governance.AddAsync(await People.NewAsync("carol"), "test", "test", default)).Value();
        Assert.Equal(AdministratorState.Removed, (await governance.RemoveAsync("bob", "test", "test", default)).Value().State);
        Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(made[1]))!.Status);
        Assert.Equal("bob", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AdministratorRemoved))["administrator"]);
        Assert.Equal(PkiProblemKind.NotFound, (await governance.RemoveAsync("bob", "test", "test", default)).Problem().Kind);
    }

    [Fact]
    public async Task SetRoles_CountsAtTheNextCall()
    {
        await using var authority = await TestAuthority.StartAsync();
        var made = await authority.BootstrapAsync("alice", "bob", "carol");
        (await authority.Services.Governance.SetRolesAsync("carol", [AdminRole.Owner], ["team-a"], "test", "test", default)).Value();
        var carol = await authority.KnownAsync(made[2]);
        Assert.Equal(AdminRole.Owner, Assert.Single(carol.Roles));
        Assert.Equal("team-a", Assert.Single(carol.Owners));
    }

    private static async Task<Outcome<IReadOnlyList<AdministratorCertificate>>> BootstrapAsync(TestAuthority authority, bool alone, params NewAdministrator[] wanted) =>
        await authority.Services.Governance.BootstrapAsync(wanted, alone, "admin:uid=0", "test", default);

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate, RevocationReason reason) =>
        (await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(certificate), reason, "test", "admin", "test", IncludeAppliance: true), default)).Value();

    private static (string Actor, string Detail) Told(AdminIdentification.Unknown unknown) => (unknown.Actor, unknown.Problem.Detail);
}

file static class Refusals
{
    public static async Task RefusedAsync<T>(this Task<Outcome<T>> outcome, PkiProblemKind kind) => Assert.Equal(kind, (await outcome).Problem().Kind);
}
