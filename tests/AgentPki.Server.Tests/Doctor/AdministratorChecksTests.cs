using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Doctor;
using AgentPki.Server.Home;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Server.Tests.Doctor;

/// <summary>Whether somebody can administer, and a second person.</summary>
public sealed class AdministratorChecksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("development: true", Verdict.Ok, "with no second person")]
    [InlineData("development: true\ngovernance: {fourEyes: true}", Verdict.Ok, "acts as all roles; no")]
    [InlineData("development: false", Verdict.Fail, "no administrator can log in")]
    public async Task Run_WithoutAdministrators_IsAFindingOutsideOfDevelopment(string configuration, Verdict verdict, string says)
    {
        await using var authority = await TestAuthority.StartAsync();
        var finding = Assert.Single(await RunAsync(authority, configuration));
        Assert.Equal(verdict, finding.Verdict);
        Assert.Contains(says, finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TwoOfficers_IsWell_UntilACertificateEndsSoon_AndFailsWhenAllHaveEnded()
    {
        await using var authority = await TestAuthority.StartAsync();
        await BootstrapAsync(authority, "alice", "bob");
        Assert.Equal(Verdict.Ok, Assert.Single(await RunAsync(authority, "development: false")).Verdict);

        authority.Time.Turn(TimeSpan.FromDays(25));
        var soon = Assert.Single(await RunAsync(authority, "development: false"));
        Assert.Equal(Verdict.Warn, soon.Verdict);
        Assert.Contains("'agentpki admin renew alice.csr'", soon.Remedy, StringComparison.Ordinal);

        authority.Time.Turn(TimeSpan.FromDays(25));
        Assert.Equal(Verdict.Fail, Assert.Single(await RunAsync(authority, "development: false")).Verdict);
    }

    [Fact]
    public async Task Run_OneOfficerWhoCanLogIn_IsWarnedOf()
    {
        await using var authority = await TestAuthority.StartAsync();
        await BootstrapAsync(authority, "alice");
        var finding = Assert.Single(await RunAsync(authority, "development: false"));
        Assert.Equal(Verdict.Warn, finding.Verdict);
        Assert.Contains("Fewer than two officers", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AProfileThatDiffersFromWhatWasApproved_IsAFinding()
    {
        await using var authority = await TestAuthority.StartAsync();
        await BootstrapAsync(authority, "alice", "bob");
        foreach (var (name, text) in ProfileFiles.ReadAll(Home()))
        {
            await authority.Services.ApprovedFiles.ApproveAsync(name, name == "agent.yaml" ? [1, 2, 3] : text, "test", "test", Token);
        }

        var finding = Assert.Single(await RunAsync(authority, "development: false"), f => f.Verdict == Verdict.Fail);
        Assert.StartsWith("agent.yaml is not as it was approved", finding.Detail, StringComparison.Ordinal);
        Assert.Single(await RunAsync(authority, "development: true"));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<IReadOnlyList<Finding>> RunAsync(TestAuthority authority, string configuration)
    {
        var (options, problems) = ConfigurationReader.Read($"trustDomain: a.test\n{configuration}", "f.yaml", _ => null);
        Assert.Empty(problems);
        return await AdministratorChecks.RunAsync(new DoctorContext(Home(), options, authority.Time, _ => null, Running: false), authority.Store, authority.Store, Token);
    }

    private ApplianceHome Home()
    {
        var home = new ApplianceHome(_folder.Path);
        HomeFolder.Prepare(home);
        ProfileFiles.WriteDefaults(home, _ => null);
        return home;
    }

    private static async Task BootstrapAsync(TestAuthority authority, params string[] names)
    {
        var wanted = new List<NewAdministrator>();
        foreach (var name in names)
        {
            await using var key = await TestAuthority.KeyAsync();
            wanted.Add(new NewAdministrator(name, [AdminRole.Officer], [], (await TestAuthority.RequestAsync(key, name)).Der));
        }

        Assert.IsType<Outcome<IReadOnlyList<AdministratorCertificate>>.Done>(await authority.Services.Governance.BootstrapAsync(wanted, alone: names.Length == 1, "test", "test", Token));
    }
}
