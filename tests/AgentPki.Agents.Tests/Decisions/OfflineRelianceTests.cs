using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.X509.AgentPolicies;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests.Decisions;

/// <summary>For how long a permission may be relied on when the appliance cannot be asked.</summary>
public sealed class OfflineRelianceTests
{
    private static readonly DateTimeOffset Now = PolicyDraw.Now; // Monday, 12:00
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);

    [Fact]
    public void Decide_PolicySaysNothing_NotAtAll() => Assert.Equal(TimeSpan.Zero, Offline(Request(), Permit("a", null)));

    [Fact]
    public void Decide_SeveralPermits_TheLongestOfThoseThatApply()
    {
        Assert.Equal(FiveMinutes, Offline(Request(), Permit("a", FiveMinutes), Permit("b", TimeSpan.FromMinutes(2)), Permit("c", null)));
        Assert.Equal(TimeSpan.FromMinutes(2), Offline(Request(), Permit("a", FiveMinutes, resource: "hr/**"), Permit("b", TimeSpan.FromMinutes(2))));
        Assert.Equal(TimeSpan.FromMinutes(2), Offline(Request(), Permit("a", FiveMinutes, "context.amount < 5"), Permit("b", TimeSpan.FromMinutes(2)))); // cannot be told
    }

    [Fact]
    public void Decide_TierBounds_WhateverPoliciesSay()
    {
        Assert.Equal(TimeSpan.FromSeconds(90), Offline(Request() with { LongestOffline = TimeSpan.FromSeconds(90) }, Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.Zero, Offline(Request() with { LongestOffline = TimeSpan.Zero }, Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.Zero, new DecisionRequest(Request().Subject, "read", "crm/1", Now, DecisionFacts.Empty).LongestOffline); // whoever does not say
    }

    [Fact]
    public void Decide_WhatEndsSooner_EndsIt()
    {
        var request = Request();
        Assert.Equal(TimeSpan.FromSeconds(61), Offline(request with { Subject = request.Subject with { NotAfter = Now.AddSeconds(61.9) } }, Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.Zero, Offline(request with { Subject = request.Subject with { NotAfter = Now.AddSeconds(0.9) } }, Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.FromSeconds(31), Offline(Bound(new AgentPolicyParts { NotAfter = Now.AddSeconds(30) }), Permit("a", FiveMinutes))); // that second included
        Assert.Equal(TimeSpan.FromMinutes(3), Offline(Bound(new AgentPolicyParts { Weekly = WeeklySchedule.Of("mon 11:00-12:03") }), Permit("a", FiveMinutes)));
        Assert.Equal(FiveMinutes, Offline(Bound(new AgentPolicyParts { Weekly = WeeklySchedule.Of("mon 11:00-12:03", "mon 12:03-13:00") }), Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.FromSeconds(13), Offline(Bound(new AgentPolicyParts { Weekly = WeeklySchedule.Of("mon 11:00-12:03") }) with { Now = Now.AddSeconds(166.5) }, Permit("a", FiveMinutes)));
    }

    [Fact]
    public void Decide_BudgetIsCounted_NotAtAll() => Assert.Equal(TimeSpan.Zero, Offline(Bound(new AgentPolicyParts { Budget = Budget.Of(new KeyValuePair<string, long>("actions", 1000)) }), Permit("a", FiveMinutes)));

    [Fact]
    public void Decide_ByAnElevation_NotAtAll_AndBesideAPolicyThePolicysTime()
    {
        var elevated = Request() with { Adjustments = [Adjusted(AdjustmentKind.Elevation, "read:crm/**", 0, 60)] };
        var decision = ActionDecider.Decide(PolicySet.Empty, elevated);
        Assert.True(decision.IsPermitted);
        Assert.Equal(TimeSpan.Zero, decision.Offline);
        Assert.Equal(FiveMinutes, Offline(elevated, Permit("a", FiveMinutes)));
        Assert.Equal(TimeSpan.Zero, Offline(elevated, Permit("a", null)));
    }

    [Theory]
    [InlineData(-5, 10, false, false)]
    [InlineData(3, 5, false, false)] // begins meanwhile
    [InlineData(-10, 5, false, true)] // is over
    [InlineData(-5, 30, true, true)] // was ended
    public void Decide_AgentThatIsNarrowed_NotAtAll(int from, int lasts, bool ended, bool may)
    {
        var narrowing = Adjusted(AdjustmentKind.Narrowing, "read:crm/**", from, lasts) with { Ended = ended ? Now : null };
        Assert.Equal(may ? FiveMinutes : TimeSpan.Zero, Offline(Request() with { Adjustments = [narrowing] }, Permit("a", FiveMinutes)));
    }

    [Theory]
    [InlineData("now.getHours() >= 20", "crm/**", false)]
    [InlineData("recent.denials_minute > 100", "CRM/customers/*", false)] // forbids ignore case
    [InlineData("recent.denials_minute > 100", "hr/**", true)]
    [InlineData("agent.tier == 'critical'", "crm/**", true)]
    public void Decide_ForbidThatMayTurn_NotAtAll(string condition, string resource, bool may) =>
        Assert.Equal(may ? FiveMinutes : TimeSpan.Zero, Offline(Request(), Permit("a", FiveMinutes), ActionDeciderTests.Forbid("z", "read", resource.ToLowerInvariant(), condition)));

    [Theory]
    [InlineData("now.getHours() < 20", true)]
    [InlineData("agent.tier == 'low' && recent.permits_hour < 5", true)]
    [InlineData("has(context.now) && context.now == 5", false)]
    [InlineData("context.text == 'now'", false)]
    [InlineData("context.list.exists(x, x > 1)", false)]
    public void IsMomentary_Condition_IsWhetherItLooksAtTheMoment(string text, bool expected)
    {
        Assert.True(PolicyCondition.TryParse(text, out var condition, out _));
        Assert.Equal(expected, condition.IsMomentary);
    }

    [Fact]
    public void Decide_Denied_NotAtAll() => Assert.Equal(TimeSpan.Zero, ActionDecider.Decide(PolicySet.Of([Permit("a", FiveMinutes), ActionDeciderTests.Forbid("z", "read", "crm/**")]), Request()).Offline);

    [Fact]
    public void Decide_FewerPermitsOrMoreForbidsAndNarrowings_NeverRelyLonger()
    {
        var relied = 0;
        Gen.Select(PolicyDraw.Policies, PolicyDraw.Request, Gen.Int[0, 1 << 12], PolicyDraw.Policy(PolicyEffect.Forbid), PolicyDraw.Adjustment).Sample((policies, drawn, mask, forbid, adjustment) =>
        {
            var request = drawn with { LongestOffline = ActionPolicy.LongestOffline };
            var before = ActionDecider.Decide(PolicySet.Of(policies), request);
            Assert.True(before.IsPermitted || before.Offline == TimeSpan.Zero);
            relied += before.Offline > TimeSpan.Zero ? 1 : 0;
            var fewer = policies.Where((p, i) => p.Effect == PolicyEffect.Forbid || (mask & (1 << i)) != 0);
            Assert.True(ActionDecider.Decide(PolicySet.Of(fewer), request).Offline <= before.Offline, "taking permits away makes it longer");
            Assert.True(ActionDecider.Decide(PolicySet.Of(policies.Add(forbid with { Id = "more" })), request).Offline <= before.Offline, "a forbid makes it longer");
            Assert.True(ActionDecider.Decide(PolicySet.Of(policies), request with { Adjustments = [.. request.Adjustments, adjustment with { Kind = AdjustmentKind.Narrowing }] }).Offline <= before.Offline, "a narrowing makes it longer");
            Assert.True(ActionDecider.Decide(PolicySet.Of(policies), request with { Adjustments = [.. request.Adjustments.Where(a => a.Kind == AdjustmentKind.Narrowing)] }).Offline <= before.Offline, "an elevation less makes it longer");
        }, iter: 400, threads: 1);
        Assert.True(relied > 5, $"{relied} permissions that may be relied on: the draw is too poor to show anything");
    }

    private static DecisionRequest Request() => ActionDeciderTests.Request() with { LongestOffline = ActionPolicy.LongestOffline };

    private static DecisionRequest Bound(AgentPolicyParts parts) => ActionDeciderTests.Request(bounds: AgentPolicy.Create(parts with { Scopes = ScopeSet.Of("**:**") })) with { LongestOffline = ActionPolicy.LongestOffline };

    private static ActionPolicy Permit(string id, TimeSpan? offline, string? condition = null, string resource = "crm/**") => ActionDeciderTests.Permit(id, "read", resource, condition) with { Offline = offline ?? TimeSpan.Zero };

    private static Adjustment Adjusted(AdjustmentKind kind, string scope, int from, int lasts) => new("e", kind, "spiffe://agents.test/p/one", ScopeSet.Of(scope), Now.AddMinutes(from), Now.AddMinutes(from + lasts), "why", "admin:a");

    private static TimeSpan Offline(DecisionRequest request, params ActionPolicy[] policies)
    {
        var decision = ActionDecider.Decide(PolicySet.Of(policies), request);
        Assert.True(decision.IsPermitted, decision.Reasons[0].Text);
        return decision.Offline;
    }
}
