using System.Collections.Immutable;
using System.Net;
using AgentPki.Agents.Behaviour;
using Xunit;

namespace AgentPki.Agents.Tests.Behaviour;

public sealed class BehaviourModelTests
{
    private const string Agent = "spiffe://watch.test/agent/a";
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly IPAddress Office = IPAddress.Parse("10.1.2.3");

    [Fact]
    public void Observe_MoreRefusalsThanUsual_FindsThemWithTheNumbers()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 12, i => Event(now.AddSeconds(i * 5), BehaviourKind.Denied));

        var finding = Assert.Single(found);
        Assert.Equal(Detector.Refusals, finding.Detector);
        Assert.Equal("12 refusals in 600 s, 100 % of its requests; its usual peak is 0, and more than 11 is unusual", finding.Explain());
    }

    [Fact]
    public void Observe_RefusalsAmongMuchWork_AreNoFinding()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 100, i => Event(now.AddSeconds(i * 5), i % 8 == 0 ? BehaviourKind.Denied : BehaviourKind.Permitted, "res/0"));

        Assert.Empty(found);
    }

    [Fact]
    public void Observe_Burst_IsFoundOnceInAWindow()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 400, i => Event(now.AddSeconds(i / 10), BehaviourKind.Permitted, "res/0"));

        Assert.Equal([Detector.Burst], found.Select(f => f.Detector));
        Assert.Equal(60u, found[0].Count);
        Assert.False(found[0].OverBound);
    }

    [Fact]
    public void Observe_BurstThatGoesOn_DoesNotBecomeUsual()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 120 * 60 * 2, i => Event(now.AddSeconds(i / 2), BehaviourKind.Permitted, "res/0"));

        Assert.InRange(found.Count(f => f.Detector == Detector.Burst), 110, 121);
    }

    [Fact]
    public void Observe_OfAnUnknownAgent_FindsOnlyWhatIsTooMuchForAny()
    {
        var model = new BehaviourModel(BehaviourSettings.Default);

        Assert.Empty(Repeat(model, 99, i => Event(Monday.AddSeconds(i), BehaviourKind.Denied)));
        var finding = Assert.Single(model.Observe(Event(Monday.AddSeconds(99), BehaviourKind.Denied)));

        Assert.True(finding.OverBound);
        Assert.Equal("100 refusals in 600 s, 100 % of its requests; 100 are too many for any agent, and its usual peak is 0", finding.Explain());
    }

    [Fact]
    public void Observe_NewNetwork_IsFoundAtOnceAndNamed()
    {
        var model = Trained(out var now);

        var finding = Assert.Single(model.Observe(Event(now, BehaviourKind.Permitted, "res/0") with { Address = IPAddress.Parse("::ffff:203.0.113.9") }));

        Assert.Equal("1 networks in 86400 s that it has not come from before (it remembers 2), the last 203.0.113.0/24", finding.Explain().Split(';')[0]);
        Assert.Empty(model.Observe(Event(now, BehaviourKind.Permitted, "res/0") with { Address = IPAddress.Parse("10.1.2.200") }));
    }

    [Fact]
    public void Observe_NewResources_CountsThoseThatWerePermitted()
    {
        var model = Trained(out var now);

        Assert.Empty(Repeat(model, 19, i => Event(now.AddSeconds(i * 60), BehaviourKind.Permitted, $"secret/{i}")));
        Assert.Equal(Detector.NewResources, Assert.Single(model.Observe(Event(now.AddSeconds(1200), BehaviourKind.Permitted, "secret/19"))).Detector);
    }

    [Fact]
    public void Observe_NightAndWeekend_AreOffHoursOfWhoWorksByDay()
    {
        var model = Trained(out var now);
        var night = now.Date.AddHours(26);

        var found = Repeat(model, 5, i => Event(new DateTimeOffset(night, TimeSpan.Zero).AddMinutes(i), BehaviourKind.Permitted, "res/0"));

        Assert.Equal(Detector.OffHours, Assert.Single(found).Detector);
    }

    [Fact]
    public void Observe_Children_AreCounted()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 10, i => Event(now.AddSeconds(i * 60), BehaviourKind.ChildGranted));

        Assert.Equal("10 children in 3600 s; its usual peak is 0, and more than 9 is unusual", Assert.Single(found).Explain());
    }

    [Fact]
    public void Observe_ClockSetBackAYear_CountsAnewAndKeepsWhatIsUsual()
    {
        var model = Trained(out var now);
        Repeat(model, 11, i => Event(now.AddSeconds(i), BehaviourKind.Denied));
        var before = now.AddDays(-364);

        // The eleven of before the jump are not counted with these.
        Assert.Empty(Repeat(model, 11, i => Event(before.AddSeconds(i), BehaviourKind.Denied)));
        Assert.Single(model.Observe(Event(before.AddSeconds(12), BehaviourKind.Denied)));
    }

    [Fact]
    public void Observe_ClockJumpsAheadAndBack_MakesNothingNewOrUnusual()
    {
        var model = Trained(out var now);

        foreach (var years in (int[])[50, 0, 7, 0])
        {
            Assert.Empty(model.Observe(Event(now.AddDays(years * 364), BehaviourKind.Permitted, "res/0")));
        }
    }

    [Fact]
    public void Observe_LateByLessThanFiveMinutes_CountsAsNow()
    {
        var model = Trained(out var now);

        var found = Repeat(model, 12, i => Event(now.AddSeconds(i % 2 == 0 ? 200 : 0), BehaviourKind.Denied));

        Assert.Equal(Detector.Refusals, Assert.Single(found).Detector);
    }

    [Fact]
    public void Observe_OneAgentTooMany_ForgetsTheOneThatWasSilentLongest()
    {
        var model = new BehaviourModel(BehaviourSettings.Default with { MaximumAgents = 2 });
        foreach (var agent in (string[])["a", "b", "a", "c"])
        {
            model.Observe(new BehaviourEvent(Monday, agent, BehaviourKind.Permitted));
        }

        Assert.Equal((2, 1L), (model.Agents, model.Forgotten));
    }

    [Fact]
    public void Forget_Agent_ItLearnsAnew()
    {
        var model = Trained(out var now);
        model.Forget(Agent);

        Assert.Empty(Repeat(model, 12, i => Event(now.AddSeconds(i), BehaviourKind.Denied)));
    }

    [Fact]
    public void Observe_SameEvents_SameFindings()
    {
        var events = new Trace.TraceAgent(Agent, Trace.AgentKind.Roamer, 1, new Trace.Draw(9));
        var days = Enumerable.Range(0, 20).SelectMany(day => events.NormalDay(Monday.AddDays(day), day)).ToArray();
        var (one, other) = (new BehaviourModel(BehaviourSettings.Default), new BehaviourModel(BehaviourSettings.Default));

        Assert.Equal(days.SelectMany(e => one.Observe(e)).ToArray(), days.SelectMany(e => other.Observe(e)).ToArray());
    }

    [Fact, Trait("tier", "full")]
    public void Observe_HundredThousandAgentsThatAreFull_StayWithinTheirMemory()
    {
        var model = new BehaviourModel(BehaviourSettings.Default);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var agent = 0; agent < 101_000; agent++)
        {
            var name = $"spiffe://watch.test/agent/{agent}";
            for (var i = 0; i < 130; i++)
            {
                model.Observe(new BehaviourEvent(Monday.AddSeconds(i), name, BehaviourKind.Permitted) { Resource = $"res/{i}", Address = new IPAddress([10, 0, (byte)(i % 20), 1]) });
            }
        }

        var perAgent = (GC.GetTotalMemory(forceFullCollection: true) - before) / model.Agents;
        TestContext.Current.TestOutputHelper?.WriteLine($"{perAgent} octets for an agent whose memory is full");

        Assert.Equal((100_000, 1_000L), (model.Agents, model.Forgotten));
        Assert.InRange(perAgent, 1_000, 5_000);
    }

    /// <summary>Three weeks of working days from nine to five, with two requests in a minute, from one network, to ten resources.</summary>
    private static BehaviourModel Trained(out DateTimeOffset now)
    {
        var model = new BehaviourModel(BehaviourSettings.Default);
        for (var day = 0; day < 21; day++)
        {
            for (var minute = 9 * 60; day % 7 < 5 && minute < 17 * 60; minute += 5)
            {
                Assert.Empty(model.Observe(Event(Monday.AddDays(day).AddMinutes(minute), BehaviourKind.Permitted, $"res/{minute % 10}")));
            }
        }

        now = Monday.AddDays(21).AddHours(10);
        return model;
    }

    private static ImmutableArray<Finding> Repeat(BehaviourModel model, int times, Func<int, BehaviourEvent> make) => [.. Enumerable.Range(0, times).SelectMany(i => model.Observe(make(i)))];

    private static BehaviourEvent Event(DateTimeOffset time, BehaviourKind kind, string? resource = null) => new(time, Agent, kind) { Resource = resource, Address = Office };
}
