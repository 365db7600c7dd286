using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

/// <summary>Draws registered agents from a seed: every field that there is, or not, with texts that YAML could take for something else.</summary>
internal sealed class AgentDraw(int seed)
{
#pragma warning disable RS0030, CA5394 // A seeded generator of test data: the same seed gives the same agents.
    private readonly Random _random = new(seed);
#pragma warning restore RS0030, CA5394

    private static readonly string[] Texts =
    [
        "plain", "true", "no", "null", "~", "12", "1.5", "0x1f", "2027-05-01", "- a", "a: b", "a #b", "#a", "'q'", "\"q\"", "back\\slash", "{a}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a`", "| a", "> a", "? a", ", a", "a:", ":a", "日本語", "😀 ok", "é", "---", "...", "none", "yes/no",
    ];

    private static readonly string[] Scopes = ["mail.send:example.org/*", "files.read:reports/**", "tickets.*:queue/7"];

    public AgentRecord Agent(int n, string trustDomain)
    {
        var tier = (RiskTier)_random.Next(4);
        return new AgentRecord($"spiffe://{trustDomain}/agent/n-{n}", Maybe(2) ? "team-a" : Text(), "", AgentState.Active, DateTimeOffset.UnixEpoch)
        {
            Registration = new AgentRegistration
            {
                Tier = tier,
                Purpose = tier != RiskTier.Low || Maybe(2) ? Text() : null,
                Environment = Maybe(2) ? "production" : null,
                Profiles = Maybe(3) ? ["agent", "agent-short"] : Maybe(2) ? ["agent"] : [],
                Children = Children(),
                Model = Component(),
                Runtime = Component(),
                ReviewBy = Maybe(2) ? new DateOnly(2027, 3, 2).AddDays(_random.Next(80)) : null,
                Policy = Maybe(2) ? (ReadOnlyMemory<byte>?)Policy().Encode() : null,
            },
        };
    }

    private ChildRule? Children()
    {
        if (Maybe(2))
        {
            return Maybe(3) ? ChildRule.None : null;
        }

        Assert.True(ChildRule.TryCreate(Maybe(2) ? ["/agent/*"] : ["/**", "/agent/*/x", "/*"], Maybe(2) ? 1 + _random.Next(50) : null, out var rule, out _));
        return rule;
    }

    private ComponentDescriptor? Component()
    {
        if (Maybe(3))
        {
            return null;
        }

        Assert.True(ComponentDescriptor.TryCreate(Text(), Maybe(2) ? Text() : null, Maybe(2) ? Text() : null, Maybe(2) ? $"sha256:{new string('e', 64)}" : null, out var component, out _));
        return component;
    }

    private AgentPolicy Policy() => AgentPolicy.Create(new AgentPolicyParts
    {
        Scopes = ScopeSet.Of(Scopes.Where(_ => Maybe(2))),
        NotBefore = Maybe(2) ? new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero) : null,
        Networks = Maybe(2) ? NetworkSet.Of(["10.0.0.0/8", "2001:db8::/32"]) : null,
        Environments = Maybe(2) ? NameSet.Of(Maybe(2) ? ["production"] : []) : null,
        Obligations = Maybe(2) ? NameSet.Of(["gdpr"]) : NameSet.Empty,
        DelegationDepth = _random.Next(3),
        MaximumLifetime = Maybe(2) ? TimeSpan.FromHours(1) : null,
        Budget = Maybe(2) ? Budget.Of([new("calls", 12), new("usd", 3)]) : Budget.Unbounded,
    });

    private string Text() => Texts[_random.Next(Texts.Length)];

    private bool Maybe(int one) => _random.Next(one) == 0;
}
