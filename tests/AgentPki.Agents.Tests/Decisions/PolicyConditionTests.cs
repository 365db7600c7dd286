using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests.Decisions;

public sealed class PolicyConditionTests
{
    /// <summary>What could take for ever, or is misspelt, is found when the file is read.</summary>
    [Theory]
    [InlineData("context.text.matches('(a+)+$')", "'matches' is no function here")]
    [InlineData("string(context.n) == '1'", "'string' is no function here")]
    [InlineData("contxt.n == 1", "'contxt' is unknown")]
    [InlineData("context.tags.exists(t, other == t)", "'other' is unknown")]
    [InlineData("context.a.all(x, context.b.all(y, x == y))", "at most one of")]
    [InlineData("context.a.map(x, x + 1) == [1]", "'map' is no function here")]
    [InlineData("{'a': 1}.a == 1", "no maps")]
    [InlineData("context.n == ", "mismatched input")]
    [InlineData("context.n == 1; true", "extraneous input")]
    [InlineData("", "1 to 1024 characters")]
    [InlineData("context.n == 'é'", "ASCII")]
    public void TryParse_WhatIsNotTaken_SaysWhy(string text, string why)
    {
        Assert.False(PolicyCondition.TryParse(text, out _, out var error));
        Assert.Contains(why, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_NestedDeeply_IsRefusedBeforeItIsParsed()
    {
        Assert.False(PolicyCondition.TryParse(new string('(', 400) + "true" + new string(')', 400), out _, out var error));
        Assert.Contains("nested", error, StringComparison.Ordinal);
    }

    /// <summary>Of any words it makes a condition or an error: an exception would end whoever reads the file.</summary>
    [Fact]
    public void TryParse_AnyWords_IsAConditionOrAnError()
    {
        string[] words = ["context.a", "now", "recent.denials_minute", "'\\u12'", "'\\x'", "'\\777'", "b'\\xff'", "r'\\'", "\"\"\"", "99999999999999999999", "9223372036854775808u", "-9223372036854775809", "1e999", "0x", "0xfffffffffffffffff", ".5", "[", "]", "(", ")", ",", "?", ":", "&&", "||", "!", "-", "in", "has(", "timestamp('x')", "duration('y')", "size(", ".getHours('Europe/Berlin')", ".all(x,", "x", "==", "<", "%", "true", "null", " "];
        var request = ActionDeciderTests.Request();
        var taken = 0;
        Gen.Int[0, words.Length - 1].Array[1, 8].Sample(drawn =>
        {
            if (PolicyCondition.TryParse(string.Join(' ', drawn.Select(i => words[i])), out var condition, out var error))
            {
                Interlocked.Increment(ref taken);
                condition.Evaluate(new ConditionFacts(request), PolicyEffect.Forbid);
            }
            else
            {
                Assert.False(string.IsNullOrEmpty(error));
            }
        }, iter: 2000);
        Assert.True(taken > 20, $"{taken} were taken: the draw is too poor to show anything");
    }

    /// <summary>Working hours of a place whose clocks are put forward and back: the hour that is left out never is, the one that comes twice is twice.</summary>
    [Theory]
    [InlineData("2027-03-28T00:59:59Z", 1)]
    [InlineData("2027-03-28T01:00:00Z", 3)]
    [InlineData("2027-10-31T00:30:00Z", 2)]
    [InlineData("2027-10-31T01:30:00Z", 2)]
    [InlineData("2027-10-31T02:00:00Z", 3)]
    [InlineData("2028-02-29T23:30:00Z", 0)]
    public void Evaluate_HoursOfAPlace_GoByItsClocks(string now, int hour)
    {
        var request = ActionDeciderTests.Request() with { Now = DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture) };
        foreach (var (asked, expected) in new[] { (hour, PolicyOutcome.Applies), (hour + 1, PolicyOutcome.DoesNotApply) })
        {
            Assert.True(PolicyCondition.TryParse($"now.getHours('Europe/Berlin') == {asked}", out var condition, out _));
            Assert.Equal(expected, condition.Evaluate(new ConditionFacts(request), PolicyEffect.Permit));
        }

        Assert.True(PolicyCondition.TryParse("now.getHours('Europe/Nowhere') >= 0", out var nowhere, out _));
        Assert.Equal(PolicyOutcome.CannotTell, nowhere.Evaluate(new ConditionFacts(request), PolicyEffect.Forbid)); // a place that is none forbids
    }

    [Theory]
    [InlineData("context.amount < 100", PolicyOutcome.Applies)]
    [InlineData("context.amount < 5", PolicyOutcome.DoesNotApply)]
    [InlineData("context.amount < 100.5", PolicyOutcome.Applies)]
    [InlineData("has(context.missing) && context.missing == 1", PolicyOutcome.DoesNotApply)]
    [InlineData("context.missing == 1", PolicyOutcome.CannotTell)]
    [InlineData("context.tags.exists(t, t == 'pii')", PolicyOutcome.Applies)]
    [InlineData("'pii' in context.tags", PolicyOutcome.Applies)]
    [InlineData("resource.type == 'crm' && resource.id.startsWith('customers/')", PolicyOutcome.Applies)]
    [InlineData("agent.owner == 'team-a' && agent.path.startsWith('/p/')", PolicyOutcome.Applies)]
    [InlineData("now.getHours('Europe/Berlin') == 13 && now.getDayOfWeek() == 1", PolicyOutcome.Applies)]
    [InlineData("now < timestamp('2027-03-02T00:00:00Z')", PolicyOutcome.Applies)]
    [InlineData("context.amount", PolicyOutcome.CannotTell)]
    [InlineData("action.name == 'read' ? true : context.missing", PolicyOutcome.Applies)]
    public void Evaluate_IsWhatItSays(string text, PolicyOutcome expected)
    {
        Assert.True(PolicyCondition.TryParse(text, out var condition, out var error), error);
        var request = ActionDeciderTests.Request(context: new() { ["amount"] = 42L, ["tags"] = new object?[] { "eu", "pii" } });
        Assert.Equal(expected, condition.Evaluate(new ConditionFacts(request), PolicyEffect.Permit));
        Assert.Equal(expected, condition.Evaluate(new ConditionFacts(request), PolicyEffect.Forbid));
    }
}
