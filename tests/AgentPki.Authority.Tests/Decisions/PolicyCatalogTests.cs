using System.Text;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Profiles;
using Xunit;

namespace AgentPki.Authority.Tests.Decisions;

public sealed class PolicyCatalogTests
{
    private const string Payments = """
        policies:
          - id: payments-read
            effect: permit
            description: Agents of the payments team read payments in working hours.
            agents: {owners: [team-payments], tiers: [low, medium]}
            actions: [read, list]
            resources: [payments/**]
            when: now.getHours() >= 6 && now.getHours() < 20
          - id: no-secrets
            effect: forbid
            actions: ["**"]
            resources: ["*/secrets/**"]
        """;

    private const string Tests = """
        tests:
          - name: the team reads
            agent: {id: spiffe://agents.test/p/a, owner: team-payments, tier: low}
            action: read
            resource: payments/2026/1
            at: 2027-03-01T12:00:00Z
            expect: permit
            by: payments-read
          - name: not at night
            agent: {id: spiffe://agents.test/p/a, owner: team-payments, tier: low}
            action: read
            resource: payments/2026/1
            at: 2027-03-01T23:00:00Z
            expect: deny
          - name: nobody reads secrets, however they are written
            agent: {id: spiffe://agents.test/p/a, owner: team-payments, tier: low}
            action: read
            resource: payments/Secrets/1
            expect: deny
            by: no-secrets
        """;

    [Fact]
    public void Read_PoliciesAndTests_AnswerAsExpected()
    {
        var catalog = Read(("payments.yaml", Payments), ("payments.test.yaml", Tests));
        Assert.Equal(["no-secrets", "payments-read"], catalog.Set.Policies.Select(p => p.Id));
        Assert.All(catalog.Tests, test => Assert.Null(test.WhyNot(catalog.Set)));
        Assert.Empty(PolicyLint.Look(catalog));
    }

    [Fact]
    public void WhyNot_WhatAnswersOtherwise_SaysHow()
    {
        var catalog = Read(("payments.yaml", Payments), ("payments.test.yaml", Tests.Replace("expect: permit", "expect: deny", StringComparison.Ordinal)));
        Assert.Contains("expected deny, and it is permit (permitted payments-read", catalog.Tests[0].WhyNot(catalog.Set), StringComparison.Ordinal);
    }

    [Fact]
    public void Sha256_DependsOnPoliciesAlone()
    {
        var with = Read(("payments.yaml", Payments), ("payments.test.yaml", Tests));
        Assert.Equal(with.Sha256, Read(("payments.yaml", Payments)).Sha256);
        Assert.NotEqual(with.Sha256, Read(("payments.yaml", Payments + " ")).Sha256);
        Assert.NotEqual(with.Sha256, Read(("other.yaml", Payments)).Sha256);
    }

    [Theory]
    [InlineData("- {id: A, effect: permit, actions: [read], resources: [x]}", "id: 1 to 64 lower-case")]
    [InlineData("- {id: a, actions: [read], resources: [x]}", "effect: is missing")]
    [InlineData("- {id: a, effect: permit, resources: [x]}", "actions: 1 to 64 patterns")]
    [InlineData("- {id: a, effect: permit, actions: [Read], resources: [x]}", "actions: the action pattern's segment")]
    [InlineData("- {id: a, effect: permit, actions: [read], resources: ['a/../b']}", "resources: the resource pattern's segment")]
    [InlineData("- {id: a, effect: permit, actions: [read], resources: [x], when: 'foo == 1'}", "when: 'foo' is unknown")]
    [InlineData("- {id: a, effect: permit, actions: [read], resources: [x], unless: 'true'}", "unless: unknown field")]
    [InlineData("- {id: a, effect: permit, agents: {ids: [payments]}, actions: [read], resources: [x]}", "agents.ids: 'payments' is neither")]
    [InlineData("- {id: a, effect: permit, agents: {teams: [x]}, actions: [read], resources: [x]}", "agents.teams: unknown field")]
    [InlineData("- {id: a, effect: permit, actions: [read], resources: [x]}\n- {id: a, effect: forbid, actions: [read], resources: [x]}", "'a' is also in p.yaml")]
    [InlineData("- {id: a, effect: permit, effect: forbid, actions: [read], resources: [x]}", "Duplicate key")]
    public void Read_Mistake_IsNamedWithItsPlace(string yaml, string expected)
    {
        var error = Assert.Throws<ProfileException>(() => Read(("p.yaml", "policies:\n" + yaml + "\n")));
        Assert.Contains(error.Errors, e => e.ToString().Contains(expected, StringComparison.Ordinal) && e.File == "p.yaml");
    }

    [Theory]
    [InlineData("context: {[a]: 1, [b]: 2}")]
    [InlineData("context: {list: [{{a: 1}: 1, {b: 1}: 2}]}")]
    [InlineData("claims: {? {a: b} : 1}")]
    public void Read_TestWithKeysThatAreNoNames_IsNamed(string facts)
    {
        var error = Assert.Throws<ProfileException>(() => Read(("p.test.yaml", $"tests:\n- {{name: t, agent: {{id: 'spiffe://a/b'}}, action: read, resource: x, expect: deny, {facts}}}\n")));
        Assert.Contains(error.Errors, e => e.ToString().Contains("its keys are names", StringComparison.Ordinal));
    }

    /// <summary>Whatever is done to a file while it runs, it is read or named wrong: nothing else comes of it.</summary>
    [Fact]
    public void Read_MutatedFiles_AreReadOrRefused()
    {
        var random = new Random(20261126);
        string[] words = ["{", "}", "[", "]", ":", "- ", "\n", "'", "\"", "*", "**", "&a ", "*a ", "? ", "| ", "!!binary ", "99999999999999999999", "offline: 5m", "when: ", "'\\u12'", "1e999", "\t", "#", "~", "null", "<<: ", "%", "\0", "é", "--- ", "..."];
        for (var i = 0; i < 500; i++)
        {
            var text = (i % 2 == 0 ? Payments : Tests).Insert(0, "");
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                text = text.Remove(at, Math.Min(random.Next(0, 12), text.Length - at)).Insert(at, words[random.Next(words.Length)]);
            }

            try
            {
                Read((i % 2 == 0 ? "p.yaml" : "p.test.yaml", text));
            }
            catch (ProfileException wrong)
            {
                Assert.NotEmpty(wrong.Errors);
            }
        }
    }

    [Fact]
    public void Look_WhatIsWorthAnotherLook_IsNamed()
    {
        var remarks = PolicyLint.Look(Read(("p.yaml", "policies:\n- {id: all, effect: permit, actions: ['**'], resources: ['**']}\n- {id: f, effect: forbid, actions: [read], resources: ['**'], when: context.amount > 5}\n")));
        Assert.Contains(remarks, r => r.Contains("all: permits every agent every action", StringComparison.Ordinal));
        Assert.Contains(remarks, r => r.Contains("f: forbids too whatever comes without", StringComparison.Ordinal));
        Assert.Contains(remarks, r => r.Contains("f: no test", StringComparison.Ordinal));
    }

    private static PolicyCatalog Read(params (string Name, string Yaml)[] files) => PolicyCatalog.Read(files.Select(f => new PolicyFile(f.Name, Encoding.UTF8.GetBytes(f.Yaml))));
}
