using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
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
