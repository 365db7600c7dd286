using System.Collections.Immutable;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.X509.AgentPolicies;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests.Decisions;

/// <summary>Bounds of families: what an agent's certificate says, what is registered of it, and of each above it. More of them, or narrower ones, never permit anything.</summary>
public sealed class DecisionBoundsPropertyTests
{
    private static readonly string[] Actions = ["read", "write", "tool.invoke", "tool.*", "tool.**", "**", "**"];
    private static readonly string[] Resources = ["crm/a", "crm/**", "crm/a/*", "crm/*/1", "hr/**", "**", "**", "c*/**", "crm"];

    private static readonly Gen<AgentPolicy> Bound = Gen.Select(
        Gen.Int[0, 6].Array[1, 3], Gen.Int[0, 8].Array[1, 3], Gen.Int[-20, 60], Gen.Int[0, 3],
        (actions, resources, end, hours) => AgentPolicy.Create(new AgentPolicyParts
        {
            Scopes = ScopeSet.Of(from a in actions from r in resources select $"{Actions[a]}:{Resources[r]}"),
            NotAfter = end > 30 ? null : PolicyDraw.Now.AddMinutes(end),
            Weekly = hours == 0 ? WeeklySchedule.Of("mon-fri 08:00-12:01") : null,
        }));

    private static readonly Gen<(ImmutableArray<ActionPolicy> Policies, DecisionRequest Request, AgentPolicy[] Bounds)> Families = Gen.Select(PolicyDraw.Policies, PolicyDraw.Request, Bound.Array[0, 4]);

    [Fact]
    public void Decide_WithAnotherOrANarrowerBound_NeverTurnsDenyIntoPermit()
    {
        var (permitted, denied) = (0, 0);
        Gen.Select(Families, Bound, Gen.Int[0, 3]).Sample((family, further, place) =>
        {
            var before = IsPermitted(family.Policies, family.Request, family.Bounds);
            Interlocked.Increment(ref before ? ref permitted : ref denied);
            Assert.True(before || !IsPermitted(family.Policies, family.Request, [.. family.Bounds, further]), "another bound permitted something");
            if (place < family.Bounds.Length)
            {
                AgentPolicy[] narrowed = [.. family.Bounds];
                narrowed[place] = narrowed[place].Intersect(further);
                Assert.True(before || !IsPermitted(family.Policies, family.Request, narrowed), "a narrower bound permitted something");
            }
        }, iter: 1000);
        Assert.True(permitted > 10 && denied > 50, $"{permitted} permitted, {denied} denied: the draw is too poor to show anything");
    }

    // What limiting a family does: the meet in place of each of its bounds decides as both of them do.
    [Fact]
    public void Decide_ByTheMeet_IsWhatAllBoundsTogetherSay() => Families.Sample(family =>
    {
        if (family.Bounds.Length > 0)
        {
            Assert.Equal(IsPermitted(family.Policies, family.Request, family.Bounds), IsPermitted(family.Policies, family.Request, family.Bounds.Aggregate((one, other) => one.Intersect(other))));
        }
    }, iter: 1000);

    // Less of whatever permits and more of whatever forbids, all at once.
    [Fact]
    public void Decide_WithLessOfEverything_NeverTurnsDenyIntoPermit() => Gen.Select(Families, Bound, PolicyDraw.Policy(PolicyEffect.Forbid), PolicyDraw.Adjustment, Gen.Int[0, 1 << 14]).Sample((family, further, forbid, narrowing, mask) =>
    {
        bool Kept(int i) => (mask & (1 << i)) != 0;
        var (policies, request, bounds) = family;
        ImmutableArray<ActionPolicy> fewer = [.. policies.Where((p, i) => p.Effect == PolicyEffect.Forbid || Kept(i)), .. Kept(12) ? ImmutableArray.Create(forbid with { Id = "more" }) : []];
        var less = request with
        {
            Adjustments = [.. request.Adjustments.Where((a, i) => a.Kind == AdjustmentKind.Narrowing || Kept(11 - i)), .. Kept(13) ? ImmutableArray.Create(narrowing with { Kind = AdjustmentKind.Narrowing }) : []],
        };
        Assert.True(IsPermitted(policies, request, bounds) || !IsPermitted(fewer, less, Kept(5) ? [.. bounds, further] : bounds), "less permitted something");
    }, iter: 1000);

    private static bool IsPermitted(ImmutableArray<ActionPolicy> policies, DecisionRequest request, params AgentPolicy[] bounds) =>
        ActionDecider.Decide(PolicySet.Of(policies), request with { Subject = request.Subject with { Bounds = [.. bounds] } }).IsPermitted;
}
