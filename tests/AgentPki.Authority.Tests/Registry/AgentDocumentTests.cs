using AgentPki.Agents.Registry;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Registry;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

public sealed class AgentDocumentTests
{
    private const string Domain = "agents.test";

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var draw = new AgentDraw(seed);
            var agents = Enumerable.Range(0, 5).Select(n => draw.Agent(n, Domain)).ToList();
            var yaml = AgentDocumentWriter.Write(agents);
            var read = AgentDocumentReader.Read("a.yaml", yaml, Domain, out var errors);
            Assert.True(errors.Count == 0, $"seed {seed}: {string.Join("; ", errors)}\n{yaml}");
            Assert.Equal(agents, read.Select(d => d.Over(null, DateTimeOffset.UnixEpoch)));
            Assert.Equal(yaml, AgentDocumentWriter.Write(read.Select(d => d.Over(null, DateTimeOffset.UnixEpoch))));
        }
    }

    [Fact]
    public void Read_OneWithEverything_HasEverything()
    {
        var read = Read("""
            # a comment
            agent: spiffe://agents.test/agent/billing
            owner: team-payments
            tier: high
            purpose: Answers questions about bills
            environment: production
            profiles: [agent]
            parent: spiffe://agents.test/agent/desk
            children:
              allow: [/agent/billing/*]
              maximum: 5
            model: {provider: example, name: assistant-4, version: "7"}
            runtime: {name: graph}
            review: 2027-05-01
            policy:
              scopes: ["mail.send:example.org/*"]
              delegation_depth: 2
              budget: {calls: 100}
            ---
            agent: spiffe://agents.test/agent/plain
            owner: team-payments
            tier: low
            children: none
            parent: none
            ---
            """, out var errors);
        Assert.Empty(errors);
        Assert.Equal(["a.yaml:2", "a.yaml:20"], read.Select(r => r.Source));
        var billing = read[0].Registration;
        Assert.Equal((RiskTier.High, "production", "/agent/billing/* up to 5", "example/assistant-4 7", "graph", new DateOnly(2027, 5, 1)), (billing.Tier, billing.Environment, billing.Children?.ToString(), billing.Model?.ToString(), billing.Runtime?.ToString(), billing.ReviewBy.GetValueOrDefault()));
        Assert.Equal((2, 100L), (billing.ReadPolicy()!.DelegationDepth, billing.ReadPolicy()!.Budget.Amounts.Single().Value));
        Assert.Equal("spiffe://agents.test/agent/desk", read[0].Parent?.Id?.ToString());
        Assert.Equal((ChildRule.None, true), (read[1].Registration.Children, read[1].Parent is { Id: null }));
    }

    [Theory]
    [InlineData("owner: a\ntier: low", "a.yaml:1: agent: is missing")]
    [InlineData("agent: spiffe://agents.test/a\ntier: low", "a.yaml:1: owner: is missing")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a", "a.yaml:1: tier: is missing")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: lowest", "a.yaml:3: tier: 'lowest' is unknown")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\n\nteir: low", "a.yaml:5: teir: unknown field; known here: agent, children, environment, model, owner, parent, policy, profiles, purpose, review, runtime, tier")]
    [InlineData("agent: spiffe://elsewhere.test/a\nowner: a\ntier: low", "a.yaml:1: agent: 'spiffe://elsewhere.test/a' is no agent of this appliance")]
    [InlineData("agent: agents.test/a\nowner: a\ntier: low", "a.yaml:1: agent: 'agents.test/a' is no SPIFFE ID")]
    [InlineData("agent: spiffe://agents.test\nowner: a\ntier: low", "is no agent of this appliance")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\nprofiles: []", "a.yaml:4: profiles: names of profiles are wanted")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\npurpose: \"a\\u202Eb\"", "a.yaml:4: purpose: only characters that are seen")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\nchildren:\n  allow: [a]", "a.yaml:5: children.allow: 'a' is no glob")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\nmodel:\n  name: x\n  digest: 12", "a.yaml:6: model.digest: sha256:")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\nreview: tomorrow", "a.yaml:4: review: a day is wanted")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\npolicy:\n  scopes: [\"a:b\"]\n  budgets: {}", "a.yaml:6: policy.budgets: a policy has no such member")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\npolicy:\n  delegation_depth: many", "a.yaml:5: policy.delegation_depth: a whole number is needed")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\npolicy:\n  parent: {agent: spiffe://agents.test/b, grant: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}", "policy.parent: a parent's grant")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\nagent: spiffe://agents.test/b", "a.yaml:4: document")]
    [InlineData("agent: spiffe://agents.test/a\nowner: a\ntier: low\n---\nagent: spiffe://agents.test/a\nowner: a\ntier: low", "a.yaml:5: agent: spiffe://agents.test/a stands here twice, first at a.yaml:1")]
    [InlineData("agent: &x spiffe://agents.test/a\nowner: *x\ntier: low", "anchors and aliases are not taken")]
    [InlineData("- a", "a.yaml:1: document: a YAML mapping is wanted")]
    [InlineData("", "1 to 500 agents are wanted")]
    [InlineData("# nothing", "1 to 500 agents are wanted")]
    [InlineData("agent: [", "a.yaml:")]
    public void Read_Wrong_IsNamedWithItsLine(string yaml, string says)
    {
        Assert.Empty(Read(yaml, out var errors));
        Assert.Contains(says, string.Join("\n", errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Hostile_IsRefusedAndEndsNothing()
    {
        foreach (var yaml in new[] { new string('[', 200_000), string.Concat(Enumerable.Repeat("{a: ", 100_000)), string.Concat(Enumerable.Repeat("- ", 50_000)), "\0\0", "agent: \uFFFE", string.Concat(Enumerable.Repeat("---\na: b\n", 501)), "%YAML 9.9\n---\na: b", "!!binary x" })
        {
            Assert.Empty(Read(yaml, out var errors));
            Assert.NotEmpty(errors);
        }
    }

    private static IReadOnlyList<AgentDeclaration> Read(string yaml, out IReadOnlyList<ProfileError> errors) => AgentDocumentReader.Read("a.yaml", yaml.Replace("\r", "", StringComparison.Ordinal), Domain, out errors);
}
