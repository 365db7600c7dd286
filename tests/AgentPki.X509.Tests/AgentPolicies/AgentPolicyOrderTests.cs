using System.Net;
using AgentPki.Testing.AgentPolicies;
using AgentPki.X509.AgentPolicies;
using CsCheck;
using Xunit;

namespace AgentPki.X509.Tests.AgentPolicies;

public sealed class AgentPolicyOrderTests
{
    private static int _within;

    [Fact]
    public void WhyNotDelegable_RandomPairs_TwoCheckersAgree() => Agree(2_000);

    [Fact]
    [Trait("tier", "full")]
    public void WhyNotDelegable_AMillionRandomPairs_TwoCheckersAgree() => Agree(1_000_000);

    [Fact]
    public void Within_Three_IsTransitiveAndReflexive() => Gen.ULong.Sample(
        seed =>
        {
            var draw = new PolicyDraw(seed);
            var a = draw.Policy();
            var b = draw.Near(a);
            var c = draw.Near(b);
            return a.WhyNotWithin(a) is null && (b.WhyNotWithin(a) is not null || c.WhyNotWithin(b) is not null || c.WhyNotWithin(a) is null);
        },
        iter: 2_000);

    [Fact]
    public void Within_Holds_NothingIsAllowedThatTheOuterDenies() => Gen.ULong.Sample(
        seed =>
        {
            var draw = new PolicyDraw(seed);
            var outer = draw.Policy();
            var inner = draw.Near(outer);
            if (inner.WhyNotWithin(outer) is not null)
            {
                return true;
            }

            for (var i = 0; i < 20; i++)
            {
                var action = Action(draw);
                if (inner.WhyNot(action) is null && outer.WhyNot(action) is not null)
                {
                    return false;
                }
            }

            return true;
        },
        iter: 2_000);

    [Fact]
    public void Intersect_AnyTwo_IsWithinBothAndAllowsWhatBothAllow() => Gen.ULong.Sample(
        seed =>
        {
            var draw = new PolicyDraw(seed);
            var (one, two) = (draw.Policy(), draw.Policy());
            AgentPolicy common;
            try
            {
                common = one.Intersect(two);
            }
            catch (FormatException)
            {
                return one.NotAfter < two.NotBefore || two.NotAfter < one.NotBefore;
            }

            var action = Action(draw);
            return common.WhyNotWithin(one) is null && common.WhyNotWithin(two) is null && (common.WhyNot(action) is null) == (one.WhyNot(action) is null && two.WhyNot(action) is null);
        },
        iter: 2_000);

    // The meet is the greatest lower bound: exactly what is within both is within it.
    [Fact]
    public void Intersect_AnyThird_IsWithinItIfWithinBoth_ByBothCheckers()
    {
        var below = 0;
        Gen.ULong.Sample(
            seed =>
            {
                var draw = new PolicyDraw(seed);
                var one = draw.Policy();
                var two = draw.Near(one);
                if (Meet(one, two) is not { } common)
                {
                    return true;
                }

                var third = draw.Near(common);
                var isBelow = third.WhyNotWithin(one) is null && third.WhyNotWithin(two) is null;
                Interlocked.Add(ref below, isBelow ? 1 : 0);
                return isBelow == third.WhyNotWithin(common) is null
                    && isBelow == SecondOpinion.IsWithin(third.ToJson(), common.ToJson())
                    && SecondOpinion.IsWithin(common.ToJson(), one.ToJson()) && SecondOpinion.IsWithin(common.ToJson(), two.ToJson());
            },
            iter: 2_000);
        Assert.InRange(below, 100, 1_900);
    }

    [Fact]
    public void Intersect_Laws_IdempotentCommutativeAssociative() => Gen.ULong.Sample(
        seed =>
        {
            var draw = new PolicyDraw(seed);
            var (one, two, three) = (draw.Policy().ChildOf(null), draw.Policy(), draw.Policy());
            return one.Intersect(one).Encode().AsSpan().SequenceEqual(one.Encode())
                && Same(Meet(one, two), Meet(two, one))
                && Same(Meet(Meet(one, two), three), Meet(one, Meet(two, three)));
        },
        iter: 2_000);

    // A policy has one encoding, so that the same octets are the same policy.
    private static bool Same(AgentPolicy? one, AgentPolicy? other) => one is null || other is null ? one is null && other is null : one.Encode().AsSpan().SequenceEqual(other.Encode());

    private static AgentPolicy? Meet(AgentPolicy? one, AgentPolicy? other)
    {
        try
        {
            return one is null || other is null ? null : one.Intersect(other);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    [Theory]
    [InlineData("tool.invoke:crm/**", "tool.invoke:crm/customers/*", true)]
    [InlineData("tool.invoke:crm/**", "tool.invoke:crm", false)] // '**' is one segment at least
    [InlineData("tool.*:crm/a*", "tool.invoke:crm/abc*", true)]
    [InlineData("tool.*:crm/abc*", "tool.invoke:crm/a*", false)]
    [InlineData("**:**", "tool.invoke:crm/x", true)]
    [InlineData("*:**", "tool.invoke:crm/x", false)]
    [InlineData("tool.invoke:crm/*", "tool.invoke:crm/**", false)]
    [InlineData("tool.invoke:crm/*/**", "tool.invoke:crm/**", false)]
    [InlineData("tool.invoke:CRM/x", "tool.invoke:crm/x", false)]
    public void Scope_Contains_AsWritten(string outer, string inner, bool contains) => Assert.Equal(contains, Scope.Parse(outer).Contains(Scope.Parse(inner)));

    [Theory]
    [InlineData("crm/../hr", "..")] // a path that leaves its folder
    [InlineData("crm/./x", ".")]
    [InlineData("crm//x", "empty segment")]
    [InlineData("/crm/x", "empty segment")]
    [InlineData("crm/x/", "empty segment")]
    [InlineData("crm%2fx", "percent")]
    [InlineData("crm\\x", "backslash")]
    [InlineData("сrm/x", "Cyrillic es")]
    [InlineData("crm/x\u200b", "zero-width space")]
    [InlineData("crm/x\u0301", "combining accent")]
    [InlineData("ｃrm/x", "full-width c")]
    [InlineData("crm/x\0", "NUL")]
    [InlineData("crm/*", "a star is no name")]
    [InlineData("", "nothing")]
    public void Allows_ResourceThatIsNoName_IsDenied(string resource, string why)
    {
        Assert.False(ScopeSet.Of("**:**").Allows("tool.invoke", resource), why);
        Assert.NotNull(SegmentSyntax.Resource.WhyNoName(resource));
    }

    [Theory]
    [InlineData("Tool.invoke")]
    [InlineData("tool..invoke")]
    [InlineData("tool/invoke")]
    [InlineData("tооl.invoke")] // Cyrillic o
    [InlineData("tool.invoke ")]
    public void Allows_ActionThatIsNoName_IsDenied(string action) => Assert.False(ScopeSet.Of("**:**").Allows(action, "crm/x"));

    [Fact]
    public void WhyNot_BoundThatIsNotAnswered_Denies()
    {
        var policy = AgentPolicyJson.Parse("""{"scopes":["a:b"],"networks":["10.0.0.0/8"],"environments":["prod"],"data_classes":["public"],"weekly":["mon-fri 08:00-18:00"]}""");
        var monday = new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
        var action = new AgentAction("a", "b", monday, IPAddress.Parse("10.1.2.3"), "prod", NameSet.Of("public"));
        Assert.Null(policy.WhyNot(action));
        Assert.Null(policy.WhyNot(action with { Address = IPAddress.Parse("::ffff:10.1.2.3") }));
        Assert.Contains("network", policy.WhyNot(action with { Address = null }), StringComparison.Ordinal);
        Assert.Contains("network", policy.WhyNot(action with { Address = IPAddress.Parse("::a01:203") }), StringComparison.Ordinal);
        Assert.Contains("environment", policy.WhyNot(action with { Environment = null }), StringComparison.Ordinal);
        Assert.Contains("data", policy.WhyNot(action with { DataClasses = NameSet.Of("public", "secret") }), StringComparison.Ordinal);
        Assert.Contains("time", policy.WhyNot(action with { Time = monday.AddDays(5) }), StringComparison.Ordinal);
        // The same moment by another clock's zone is the same moment.
        Assert.Null(policy.WhyNot(action with { Time = monday.ToOffset(TimeSpan.FromHours(14)) }));
    }

    private static void Agree(int pairs)
    {
        _within = 0;
        Gen.ULong.Sample(
            seed =>
            {
                var draw = new PolicyDraw(seed);
                var parent = draw.Policy();
                var child = draw.Near(parent);
                var mine = child.WhyNotDelegable(parent) is null;
                if (mine)
                {
                    Interlocked.Increment(ref _within);
                }

                return mine == SecondOpinion.MayDelegate(child.ToJson(), parent.ToJson());
            },
            iter: pairs);
        // Not an agreement by always saying no.
        Assert.InRange(_within, pairs / 20, pairs * 19 / 20);
    }

    private static AgentAction Action(PolicyDraw draw) => new(
        draw.Action(),
        draw.Resource(),
        draw.Moment(draw.Below(12)).AddMinutes(draw.Below(1440)),
        draw.Maybe(5) ? null : IPAddress.Parse($"10.{draw.Below(256)}.0.1"),
        draw.Maybe(5) ? null : "prod",
        draw.Maybe(5) ? null : NameSet.Of("test"));
}
