using System.Text;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Tests.Registry;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Decisions;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Authority.Tests.Decisions;

/// <summary>What may be relied on when the appliance cannot be asked: how it is said, bounded, signed and written down.</summary>
public sealed class OfflineDecisionTests
{
    private const string Policy = "policies:\n- {id: r, effect: permit, actions: [read], resources: ['**'], offline: 10m}\n- {id: w, effect: permit, actions: [write], resources: ['**']}\n";

    [Theory]
    [InlineData("effect: permit, offline: 2h", "offline: a duration from 00:00:01 to 01:00:00 is wanted")]
    [InlineData("effect: permit, offline: 0s", "offline: a duration")]
    [InlineData("effect: permit, offline: -5m", "offline: a duration")]
    [InlineData("effect: permit, offline: soon", "offline: a duration")]
    [InlineData("effect: forbid, offline: 5m", "offline: is for permits")]
    [InlineData("effect: permit, offline: 5m, when: now.getHours() < 20", "offline: the condition looks at now or recent")]
    [InlineData("effect: permit, offline: 5m, when: recent.denials_hour < 20", "offline: the condition looks at now or recent")]
    public void Read_OfflineThatCannotBe_IsNamedWithItsPlace(string members, string expected)
    {
        var error = Assert.Throws<ProfileException>(() => Read(("p.yaml", $"policies:\n- {{id: a, actions: [read], resources: [x], {members}}}\n")));
        Assert.Contains(error.Errors, e => e.ToString().Contains(expected, StringComparison.Ordinal) && e.ToString().StartsWith("p.yaml:2: policies[1].", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_Offline_IsWhatTestsCanExpect()
    {
        const string Test = "tests:\n- {name: t, agent: {id: 'spiffe://agents.test/a'}, action: read, resource: crm/1, expect: permit, offline: 10m}\n- {name: u, agent: {id: 'spiffe://agents.test/a'}, action: write, resource: crm/1, expect: permit, offline: none}\n";
        var catalog = Read(("a.yaml", Policy), ("a.test.yaml", Test));
        Assert.All(catalog.Tests, test => Assert.Null(test.WhyNot(catalog.Set)));
        var other = Read(("a.yaml", Policy.Replace("10m", "9m", StringComparison.Ordinal)), ("a.test.yaml", Test));
        Assert.Equal("expected offline for 600 s, and it is 540 s", other.Tests[0].WhyNot(other.Set));
    }

    [Fact]
    public void Read_RulesOfTheRegistry_BoundEachTier()
    {
        var rules = RegistryRulesReader.Read("tiers:\n  low: {register: [owner], offline: 2m}\n  medium: {register: [owner], offline: none}\n  high: {register: [officer]}\n"u8, out _);
        Assert.NotNull(rules);
        Assert.Equal([120, 0, 300, 0], Seconds(rules, "low", "medium", "high", "critical"));
        Assert.Equal([3600, 900, 300, 0], Seconds(RegistryRules.BuiltIn, "low", "medium", "high", "critical"));
        Assert.Equal([0, 0], Seconds(RegistryRules.BuiltIn, null, "none"));
        Assert.Null(RegistryRulesReader.Read("tiers:\n  low: {register: [owner], offline: 2h}\n"u8, out var errors));
        Assert.Contains("registry.yaml:2: tiers.low.offline", string.Join("\n", errors), StringComparison.Ordinal);

        static IEnumerable<double> Seconds(RegistryRules rules, params string?[] tiers) => tiers.Select(t => rules.LongestOffline(t).TotalSeconds);
    }

    [Theory]
    [InlineData("offline: 1h", 600)] // the policy's
    [InlineData("offline: 90s", 90)] // the tier's
    [InlineData("offline: none", null)]
    public async Task Certify_Permission_SaysUntilWhenWithinPolicyAndTier(string tier, int? seconds)
    {
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = new RulesFolder(isGoverned: false, $"tiers:\n  low: {{register: [owner], {tier}}}\n") });
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Policy));
        var (certificate, _) = await authority.AgentAsync("a");
        var (statement, decided) = await CertifyAsync(decider, TestDecider.Call(certificate));
        Assert.Equal(seconds, (decided.OfflineUntil - statement.IssuedAt)?.TotalSeconds);
        Assert.True(statement.Expires - statement.IssuedAt == TimeSpan.FromSeconds(30)); // as a permission of now it ends as before
        Assert.Equal(seconds ?? 0, Assert.Single(await DecisionServiceTests.RecordsAsync(decider)).Offline.TotalSeconds);
    }

    [Fact]
    public async Task Certify_WhatIsNotToBeReliedOn_SaysNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Policy));
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.NotNull((await CertifyAsync(decider, TestDecider.Call(certificate))).Decided.OfflineUntil);
        Assert.Null((await CertifyAsync(decider, TestDecider.Call(certificate, "write"))).Decided.OfflineUntil); // the policy does not say
        Assert.Null((await CertifyAsync(decider, TestDecider.Call(certificate, "delete"))).Decided.OfflineUntil); // a no

        await decider.Decisions.Adjustments.AddAsync(AdjustmentKind.Elevation, certificate.SpiffeId!.ToString(), ScopeSet.Of("delete:**"), TimeSpan.FromMinutes(30), "incident", "admin:test", "c", CancellationToken.None);
        var elevated = await CertifyAsync(decider, TestDecider.Call(certificate, "delete"));
        Assert.True(elevated.Decided.IsPermitted);
        Assert.Null(elevated.Decided.OfflineUntil);

        await decider.Decisions.Adjustments.AddAsync(AdjustmentKind.Narrowing, certificate.SpiffeId!.ToString(), ScopeSet.Of("read:**"), TimeSpan.FromMinutes(30), "odd", "admin:test", "c", CancellationToken.None);
        var narrowed = await CertifyAsync(decider, TestDecider.Call(certificate));
        Assert.True(narrowed.Decided.IsPermitted);
        Assert.Null(narrowed.Decided.OfflineUntil);
    }

    [Fact]
    public async Task Certify_CertificateThatEnds_NeverBeyondIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Policy));
        var (certificate, _) = await authority.AgentAsync("a");
        authority.Time.Turn(certificate.NotAfter - authority.Time.GetUtcNow() - TimeSpan.FromSeconds(100.5));
        var (statement, decided) = await CertifyAsync(decider, TestDecider.Call(certificate));
        Assert.Equal(100, (decided.OfflineUntil - statement.IssuedAt)?.TotalSeconds);
        Assert.True(decided.OfflineUntil <= certificate.NotAfter);
    }

    [Fact]
    public async Task Certify_Batch_SaysItOfEach()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Policy));
        var (certificate, _) = await authority.AgentAsync("a");
        var statement = await StatementAsync(decider, TestDecider.Call(certificate), TestDecider.Call(certificate, "write"), TestDecider.Call(certificate, "delete"));
        Assert.Equal([true, false, false], statement.Decisions.Select(d => d.OfflineUntil is not null));
    }

    private static async Task<(DecisionStatement Statement, DecidedAction Decided)> CertifyAsync(TestDecider decider, DecisionCall call)
    {
        var statement = await StatementAsync(decider, call);
        return (statement, Assert.Single(statement.Decisions));
    }

    private static async Task<DecisionStatement> StatementAsync(TestDecider decider, params DecisionCall[] calls)
    {
        var answers = new List<AnsweredCall>();
        foreach (var call in calls)
        {
            answers.Add(await decider.DecideAsync(call));
        }

        var receipt = await decider.Decisions.TryCertifyAsync(answers, null, CancellationToken.None);
        Assert.True(CompactJws.TryParse(receipt!, out var jws, out _));
        Assert.True(DecisionStatement.TryParse(jws.Payload, out var statement));
        return statement;
    }

    private static PolicyCatalog Read(params (string Name, string Yaml)[] files) => PolicyCatalog.Read(files.Select(f => new PolicyFile(f.Name, Encoding.UTF8.GetBytes(f.Yaml))));
}
