using System.Net;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Agents.Tests.Decisions;

public sealed class ActionDeciderTests
{
    private static readonly DateTimeOffset Now = PolicyDraw.Now;

    [Fact]
    public void Decide_WithoutPolicies_Denies() => AssertDenied(DecisionRule.NoPermit, ActionDecider.Decide(PolicySet.Empty, Request()));

    [Fact]
    public void Decide_PermittedByTwo_NamesBoth()
    {
        var decision = Decide(Request(), Permit("a", "read", "crm/**"), Permit("b", "**", "**"), Permit("c", "write", "**"));
        Assert.True(decision.IsPermitted);
        Assert.Equal(["a", "b"], decision.Reasons.Select(r => r.Source).Order());
    }

    [Fact]
    public void Decide_PermittedAndForbidden_Denies() => AssertDenied(DecisionRule.Forbidden, Decide(Request(), Permit("a", "**", "**"), Forbid("z", "read", "crm/customers/*")), "z");

    [Fact]
    public void Decide_ForbidThatCannotBeTold_Forbids() => AssertDenied(DecisionRule.Forbidden, Decide(Request(), Permit("a", "**", "**"), Forbid("z", "read", "crm/**", "context.amount > 100")), "z");

    [Theory]
    [InlineData("context.amount < 100")]
    [InlineData("!has(context.nothing) && context.amount < 100")] // looked at and not there
    [InlineData("context.text < 100")]
    [InlineData("context.text")]
    [InlineData("1 / context.zero == 1")]
    public void Decide_PermitThatCannotBeTold_PermitsNothing(string condition) =>
        AssertDenied(DecisionRule.NoPermit, Decide(Request(context: new() { ["text"] = "words", ["zero"] = 0L }), Permit("a", "**", "**", condition)));

    /// <summary>What looks like a permitted name, or leads to one after somebody decoded, folded or resolved it, is none.</summary>
    [Theory]
    [InlineData("rеad", "crm/customers/42")] // a Cyrillic letter
    [InlineData("ｒead", "crm/customers/42")]
    [InlineData("READ", "crm/customers/42")]
    [InlineData("read ", "crm/customers/42")]
    [InlineData("read\0", "crm/customers/42")]
    [InlineData("read", "crm/customеrs/42")]
    [InlineData("read", "crm/public/../customers/42")]
    [InlineData("read", "crm/./customers/42")]
    [InlineData("read", "crm//customers/42")]
    [InlineData("read", "/crm/customers/42")]
    [InlineData("read", "crm/customers/42/")]
    [InlineData("read", "crm/public/%2e%2e/customers/42")]
    [InlineData("read", "crm/public%2fcustomers/42")]
    [InlineData("read", "crm/public/%252e%252e/customers")]
    [InlineData("read", "crm\\customers\\42")]
    [InlineData("read", "crm/customers/*")]
    [InlineData("read", "crm/customers/4\u200b2")]
    [InlineData("read", "crm/customers/é")]
    [InlineData("read", "crm/customers/e\u0301")]
    [InlineData("", "crm/customers/42")]
    [InlineData("read", "")]
    public void Decide_NameThatIsNotCanonical_IsRefusedThoughEverythingIsPermitted(string action, string resource) =>
        AssertDenied(DecisionRule.NotCanonical, Decide(Request(action, resource), Permit("a", "**", "**")));

    [Theory]
    [InlineData("crm/Customers/42")]
    [InlineData("CRM/CUSTOMERS/42")]
    [InlineData("crm/customers/42")]
    public void Decide_ForbiddenInAnotherCase_IsForbidden(string resource) => AssertDenied(DecisionRule.Forbidden, Decide(Request(resource: resource), Permit("a", "**", "**"), Forbid("z", "read", "crm/customers/**")));

    [Fact]
    public void Decide_PermittedInAnotherCase_IsNotPermitted() => AssertDenied(DecisionRule.NoPermit, Decide(Request(resource: "crm/Customers/42"), Permit("a", "read", "crm/customers/**")));

    [Fact]
    public void Decide_OutsideOfTheCertificate_NamesTheBound()
    {
        var bounds = AgentPolicy.Create(new AgentPolicyParts { Scopes = ScopeSet.Of("read:crm/**"), Networks = NetworkSet.Of("10.0.0.0/8"), NotAfter = Now.AddMinutes(1), Obligations = NameSet.Of("gdpr") });
        var inside = Request(bounds: bounds) with { Address = IPAddress.Parse("10.1.2.3") };
        var decision = Decide(inside, Permit("a", "**", "**"));
        Assert.True(decision.IsPermitted);
        Assert.Equal(["gdpr"], decision.Obligations);
        AssertDenied(DecisionRule.Bounds, Decide(inside with { Resource = "hr/1" }, Permit("a", "**", "**")), "scope");
        AssertDenied(DecisionRule.Bounds, Decide(inside with { Address = IPAddress.Parse("11.1.2.3") }, Permit("a", "**", "**")), "network");
        AssertDenied(DecisionRule.Bounds, Decide(inside with { Address = null }, Permit("a", "**", "**")), "network");
        AssertDenied(DecisionRule.Bounds, Decide(inside with { Now = Now.AddMinutes(2) }, Permit("a", "**", "**")), "time");
    }

    [Fact]
    public void Decide_PolicyUntilTheLastMomentOfAll_IsNoError()
    {
        var bounds = AgentPolicy.Create(new AgentPolicyParts { Scopes = ScopeSet.Of("read:crm/**"), NotAfter = new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero) });
        var request = Request(bounds: bounds) with { LongestOffline = ActionPolicy.LongestOffline };
        Assert.Equal(TimeSpan.FromMinutes(5), Decide(request, Permit("a", "**", "**") with { Offline = TimeSpan.FromMinutes(5) }).Offline);
    }

    [Fact]
    public void Decide_OutsideOfTheTask_IsDeniedAndInsideNeedsAPermit()
    {
        AssertDenied(DecisionRule.Task, Decide(Request() with { Task = ScopeSet.Of("read:hr/**") }, Permit("a", "**", "**")));
        AssertDenied(DecisionRule.NoPermit, Decide(Request() with { Task = ScopeSet.Of("**:**") }));
    }

    [Fact]
    public void Decide_Elevation_PermitsWithinItsTimeAndCertificateAndForbids()
    {
        var elevation = new Adjustment("e", AdjustmentKind.Elevation, "spiffe://agents.test/p/one", ScopeSet.Of("read:crm/**"), Now, Now.AddMinutes(5), "why", "admin:a");
        var request = Request() with { Adjustments = [elevation] };
        Assert.Equal("e", Assert.Single(Decide(request).Reasons).Source);
        Assert.True(Decide(request with { Now = Now.AddMinutes(5).AddTicks(-1) }).IsPermitted);
        AssertDenied(DecisionRule.NoPermit, Decide(request with { Now = Now.AddMinutes(5) })); // it falls back by itself
        AssertDenied(DecisionRule.NoPermit, Decide(request with { Now = Now.AddTicks(-1) }));
        AssertDenied(DecisionRule.NoPermit, Decide(request with { Adjustments = [elevation with { Ended = Now }] }));
        AssertDenied(DecisionRule.Forbidden, Decide(request, Forbid("z", "read", "crm/**")));
        AssertDenied(DecisionRule.Bounds, Decide(Request(bounds: AgentPolicy.Create(new AgentPolicyParts { Scopes = ScopeSet.Of("read:hr/**") })) with { Adjustments = [elevation] }), "scope");
    }

    [Fact]
    public void Decide_Narrowing_HoldsUntilItEnds()
    {
        var narrowing = new Adjustment("n", AdjustmentKind.Narrowing, "spiffe://agents.test/p/one", ScopeSet.Of("read:hr/**"), Now, Now.AddMinutes(5), "why", "admin:a");
        var request = Request() with { Adjustments = [narrowing] };
        AssertDenied(DecisionRule.Narrowed, Decide(request, Permit("a", "**", "**")), "n");
        Assert.True(Decide(request with { Now = Now.AddMinutes(5) }, Permit("a", "**", "**")).IsPermitted);
    }

    [Fact]
    public void Decide_ByBehaviour_CountsWhatTheApplianceCounted()
    {
        var policy = Permit("a", "**", "**", "recent.denials_minute < 3");
        Assert.True(Decide(Request(), policy).IsPermitted);
        AssertDenied(DecisionRule.NoPermit, Decide(Request() with { Facts = new DecisionFacts { Recent = new RecentBehaviour(0, 3, 0, 3) } }, policy));
    }

    internal static DecisionRequest Request(string action = "read", string resource = "crm/customers/42", AgentPolicy? bounds = null, Dictionary<string, object?>? context = null) =>
        new(new DecisionSubject("spiffe://agents.test/p/one", "/p/one", "team-a", "low", null, "agent", default, bounds is null ? [] : [bounds]), action, resource, Now, new DecisionFacts { Context = context ?? [] });

    internal static ActionPolicy Permit(string id, string action, string resource, string? condition = null) => Policy(id, PolicyEffect.Permit, action, resource, condition);

    internal static ActionPolicy Forbid(string id, string action, string resource, string? condition = null) => Policy(id, PolicyEffect.Forbid, action, resource, condition);

    private static ActionPolicy Policy(string id, PolicyEffect effect, string action, string resource, string? condition)
    {
        PolicyCondition? parsed = null;
        Assert.True(condition is null || PolicyCondition.TryParse(condition, out parsed, out _));
        return new ActionPolicy(id, effect, "", AgentMatch.Everybody, [SegmentPattern.Parse(SegmentSyntax.Action, action)], [SegmentPattern.Parse(SegmentSyntax.Resource, resource)], parsed, "t.yaml");
    }

    private static Decision Decide(DecisionRequest request, params ActionPolicy[] policies) => ActionDecider.Decide(PolicySet.Of(policies), request);

    private static void AssertDenied(DecisionRule rule, Decision decision, string? source = null)
    {
        Assert.False(decision.IsPermitted);
        var reason = Assert.Single(decision.Reasons);
        Assert.Equal(rule, reason.Rule);
        Assert.True(source is null || source == reason.Source, $"{reason}");
    }
}
