using System.Collections.Immutable;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests.Decisions;

/// <summary>What holds of every set of policies and every request.</summary>
public sealed class DecisionPropertyTests
{
    private static readonly Gen<(ImmutableArray<ActionPolicy> Policies, DecisionRequest Request)> Cases = Gen.Select(PolicyDraw.Policies, PolicyDraw.Request);

    [Fact]
    public void Decide_WithoutSomePermits_NeverTurnsDenyIntoPermit()
    {
        var (permitted, denied) = (0, 0);
        Gen.Select(Cases, Gen.Int[0, 1 << 12]).Sample((drawn, mask) =>
        {
            var (policies, request) = drawn;
            var fewer = policies.Where((p, i) => p.Effect == PolicyEffect.Forbid || (mask & (1 << i)) != 0);
            var (before, after) = (ActionDecider.Decide(PolicySet.Of(policies), request), ActionDecider.Decide(PolicySet.Of(fewer), request));
            Interlocked.Increment(ref before.IsPermitted ? ref permitted : ref denied);
            Assert.False(!before.IsPermitted && after.IsPermitted, "taking permits away permitted something");
        }, iter: 3000);
        Assert.True(permitted > 50 && denied > 50, $"{permitted} permitted, {denied} denied: the draw is too poor to show anything");
    }

    [Fact]
    public void Decide_WithAnotherForbidOrNarrowing_NeverTurnsDenyIntoPermit() => Gen.Select(Cases, PolicyDraw.Policy(PolicyEffect.Forbid), PolicyDraw.Adjustment).Sample((drawn, forbid, adjustment) =>
    {
        var (policies, request) = drawn;
        var before = ActionDecider.Decide(PolicySet.Of(policies), request);
        Assert.True(before.IsPermitted || !ActionDecider.Decide(PolicySet.Of(policies.Add(forbid with { Id = "more" })), request).IsPermitted);
        var narrowed = request with { Adjustments = [.. request.Adjustments, adjustment with { Kind = AdjustmentKind.Narrowing }] };
        Assert.True(before.IsPermitted || !ActionDecider.Decide(PolicySet.Of(policies), narrowed).IsPermitted);
    }, iter: 1500);

    [Fact]
    public void Decide_WithoutElevations_NeverTurnsDenyIntoPermit() => Cases.Sample((policies, request) =>
    {
        var without = request with { Adjustments = [.. request.Adjustments.Where(a => a.Kind != AdjustmentKind.Elevation)] };
        Assert.True(ActionDecider.Decide(PolicySet.Of(policies), request).IsPermitted || !ActionDecider.Decide(PolicySet.Of(policies), without).IsPermitted);
    }, iter: 1500);

    // Another reading of the same rules: every policy is looked at, nothing is arranged, and the parts are asked in another order.
    [Fact]
    public void Decide_ByTheIndex_IsWhatEveryPolicyTogetherSays() => Cases.Sample((policies, request) =>
    {
        var facts = new ConditionFacts(request);
        var outcomes = policies.Select(p => (p.Effect, Outcome: p.Evaluate(request, facts))).ToList();
        var elevated = request.Adjustments.Any(a => a.Kind == AdjustmentKind.Elevation && a.NotBefore <= request.Now && request.Now < a.NotAfter && a.Scopes.Allows(request.Action, request.Resource));
        var narrowed = request.Adjustments.Any(a => a.Kind == AdjustmentKind.Narrowing && a.NotBefore <= request.Now && request.Now < a.NotAfter && !a.Scopes.Allows(request.Action, request.Resource));
        var expected = (outcomes.Any(o => o.Effect == PolicyEffect.Permit && o.Outcome == PolicyOutcome.Applies) || elevated)
            && !narrowed && outcomes.All(o => o.Effect == PolicyEffect.Permit || o.Outcome == PolicyOutcome.DoesNotApply);
        Assert.Equal(expected, ActionDecider.Decide(PolicySet.Of(policies), request).IsPermitted);
    }, iter: 3000);
}
