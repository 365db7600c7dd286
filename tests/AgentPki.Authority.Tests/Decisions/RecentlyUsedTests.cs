using AgentPki.Authority.Decisions;
using Xunit;

namespace AgentPki.Authority.Tests.Decisions;

public sealed class RecentlyUsedTests
{
    [Fact]
    public void TryGet_WhatIsInUse_StaysWhileOthersPass()
    {
        var memory = new RecentlyUsed<string>(100);
        memory.Put("used", "u");
        for (var n = 0; n < 10_000; n++)
        {
            memory.Put($"passing {n}", "p");
            Assert.True(memory.TryGet("used", out var value) && value == "u");
        }

        Assert.InRange(Enumerable.Range(0, 10_000).Reverse().TakeWhile(n => memory.TryGet($"passing {n}", out _)).Count(), 25, 100);
    }

    [Fact]
    public void Put_Again_ReplacesIt()
    {
        var memory = new RecentlyUsed<string>(4);
        memory.Put("a", "1");
        memory.Put("b", "1");
        memory.Put("a", "2"); // "a" is in the older half by now
        Assert.True(memory.TryGet("a", out var value));
        Assert.Equal("2", value);
    }

    [Fact]
    public async Task Put_ByManyAtOnce_StaysBounded()
    {
        var memory = new RecentlyUsed<string>(1000);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            for (var n = 0; n < 50_000; n++)
            {
                memory.Put($"{t} {n}", "v");
                memory.TryGet($"{t} {n / 2}", out _);
            }
        })));
        var kept = Enumerable.Range(0, 4).Sum(t => Enumerable.Range(0, 50_000).Count(n => memory.TryGet($"{t} {n}", out _)));
        Assert.InRange(kept, 1, 2000);
    }
}
