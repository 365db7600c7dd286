using System.Text;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

public sealed class RegistryRulesTests
{
    private const string Good = "enrolment: registered\nowners: known\ntiers:\n  low: {register: [ra-administrator, owner]}\n  high: {register: [officer], secondPerson: true, review: 90d}\norphans: {grace: 3d}\nreviews: {then: report}\n";

    [Fact]
    public void Read_InOrder_SaysWhatItSays_AndWhatItDoesNotNameNobodyRegisters()
    {
        var rules = RegistryRulesReader.Read(Encoding.UTF8.GetBytes(Good), out var errors);
        Assert.Empty(errors);
        Assert.True(rules is { RegisteredOnly: true, KnownOwnersOnly: true, ReviewGrace: null });
        Assert.Equal(TimeSpan.FromDays(3), rules.OrphanGrace);
        Assert.Equal([AdminRole.RaAdministrator, AdminRole.Owner], rules.Of(RiskTier.Low).Registrars);
        Assert.Equal((true, TimeSpan.FromDays(90)), (rules.Of(RiskTier.High).SecondPerson, rules.Of(RiskTier.High).ReviewEvery.GetValueOrDefault()));
        Assert.Equal(TierRule.Nobody, rules.Of(RiskTier.Medium));
        Assert.Equal(TierRule.Nobody, rules.Of(RiskTier.Critical));
    }

    [Theory]
    [InlineData("", "one YAML mapping is wanted")]
    [InlineData("enrolment: any", "registry.yaml:1: tiers: at least one tier is wanted")]
    [InlineData("tiers:\n  low: {register: [auditor]}", "registry.yaml:2: tiers.low.register: 'auditor' registers no agents")]
    [InlineData("tiers:\n  low: {register: [owner]}\n  lowest: {}", "registry.yaml:3: tiers.lowest: unknown field")]
    [InlineData("tiers:\n  low: {register: [owner], review: 1h}", "registry.yaml:2: tiers.low.review")]
    [InlineData("enrolment: some\ntiers:\n  low: {register: [owner]}", "registry.yaml:1: enrolment: 'some' is unknown; known: any, registered")]
    [InlineData("tiers:\n  low: {register: [owner]}\norphans: {grace: 1000d}", "registry.yaml:3: orphans.grace")]
    [InlineData("tiers:\n  low: {register: [owner]}\nmore: 1", "registry.yaml:3: more: unknown field")]
    public void Read_Wrong_IsNamedWithItsLine(string yaml, string says)
    {
        Assert.Null(RegistryRulesReader.Read(Encoding.UTF8.GetBytes(yaml), out var errors));
        Assert.Contains(says, string.Join("\n", errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoText_IsRefused()
    {
        Assert.Null(RegistryRulesReader.Read([0xff, 0xfe], out _));
        Assert.Null(RegistryRulesReader.Read(new byte[100_000], out _));
    }

    [Fact]
    public async Task File_BrokenWhileItRuns_TheOldRulesStay_LoudlyAndOnce()
    {
        var file = new RulesFolder(isGoverned: false, Good);
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = file });
        var rules = authority.Services.RegistryRules;
        Assert.True(rules.Current.RegisteredOnly);

        file.Text = "tiers: [";
        await authority.Services.MaintainAsync(default);
        await authority.Services.MaintainAsync(default);
        Assert.True(rules.Current.RegisteredOnly);
        Assert.Contains("registry.yaml:", rules.Problem, StringComparison.Ordinal);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RegistryRulesRefused));

        file.Failure = new IOException("Permission denied.");
        await authority.Services.MaintainAsync(default);
        Assert.Contains("cannot be read: Permission denied", rules.Problem, StringComparison.Ordinal);

        // Mended, it serves from the next round on.
        (file.Failure, file.Text) = (null, Good.Replace("registered", "any", StringComparison.Ordinal));
        await authority.Services.MaintainAsync(default);
        Assert.Equal((false, null), (rules.Current.RegisteredOnly, rules.Problem));
        Assert.Equal(rules.Current.Digest, Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RegistryRulesChanged))["digest"]);
        file.Text = null;
        await authority.Services.MaintainAsync(default);
        Assert.Equal(RegistryRules.BuiltIn, rules.Current);
    }

    [Fact]
    public async Task Governed_ServesAsApproved_AtRunTimeAndAtTheNextStart()
    {
        var file = new RulesFolder(isGoverned: true, Good);
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = file });
        Assert.Contains("was never approved", authority.Services.RegistryRules.Problem, StringComparison.Ordinal);
        Assert.Equal(RegistryRules.BuiltIn, authority.Services.RegistryRules.Current);

        Assert.IsType<Outcome<RegistryRules>.Refused>(await authority.Services.RegistryRules.ApplyAsync("tiers: 1"u8.ToArray(), "admin:x", "c", default));
        Assert.IsType<Outcome<RegistryRules>.Done>(await authority.Services.RegistryRules.ApplyAsync(Encoding.UTF8.GetBytes(Good), "admin:x", "c", default));
        Assert.Equal((true, null), (authority.Services.RegistryRules.Current.RegisteredOnly, authority.Services.RegistryRules.Problem));

        foreach (var changed in new[] { Good.Replace("registered", "any", StringComparison.Ordinal), null, "tiers: [" })
        {
            file.Text = changed;
            await authority.Services.MaintainAsync(default);
            Assert.True(authority.Services.RegistryRules.Current.RegisteredOnly);
            Assert.NotNull(authority.Services.RegistryRules.Problem);
        }

        await authority.RestartAsync();
        Assert.True(authority.Services.RegistryRules.Current.RegisteredOnly);
        file.Text = Good;
        await authority.Services.MaintainAsync(default);
        Assert.Null(authority.Services.RegistryRules.Problem);
        Assert.Empty(ApprovedFiles.Differences(await authority.Services.ApprovedFiles.ListAsync(default), []));
    }

    [Fact]
    public async Task Development_BrokenAtTheStart_DoesNotStart() =>
        Assert.Contains("registry.yaml:1", (await Assert.ThrowsAsync<InvalidOperationException>(() => TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = new RulesFolder(isGoverned: false, "tiers: 1") }))).Message, StringComparison.Ordinal);
}
