using System.Globalization;
using AgentPki.X509.AgentPolicies;
using CsCheck;
using Xunit;

namespace AgentPki.X509.Tests.AgentPolicies;

/// <summary>Hours of the week where clocks are put forward and back, leap seconds and years are, and the week ends.</summary>
public sealed class WeeklyScheduleTests
{
    [Theory]
    [InlineData("daily 02:00-03:00", "2027-03-28T02:30:00+01:00", false)] // 01:30 UTC: no hour of this place's counts, whatever its clocks do that night
    [InlineData("daily 02:00-03:00", "2027-03-28T04:30:00+02:00", true)]
    [InlineData("daily 01:00-02:00", "2027-10-31T02:30:00+01:00", true)] // the hour that comes twice there is one here
    [InlineData("daily 01:00-02:00", "2027-10-31T02:30:00+02:00", false)]
    [InlineData("sun 22:00-mon 02:00", "2027-03-01T01:59:59.9999999Z", true)] // a Monday
    [InlineData("sun 22:00-mon 02:00", "2027-03-01T02:00:00Z", false)]
    [InlineData("sun 22:00-mon 02:00", "2027-02-28T23:59:59.9999999Z", true)]
    [InlineData("tue 00:00-24:00", "2028-02-29T12:00:00Z", true)] // a leap day, a Tuesday
    [InlineData("wed 00:00-24:00", "2028-02-29T23:59:59.9999999Z", false)]
    [InlineData("fri 00:00-24:00", "9999-12-31T23:59:59.9999999Z", true)]
    public void Contains_OnTheEdges_GoesByUtcAlone(string window, string time, bool expected) =>
        Assert.Equal(expected, WeeklySchedule.Of(window).Contains(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("mon 11:00-12:03", "2027-03-01T12:00:30Z", "2027-03-01T12:03:00Z")]
    [InlineData("mon 11:00-12:03", "2027-03-01T13:03:00+01:00", "2027-03-01T12:03:00Z")] // it is over: now
    [InlineData("sun 22:00-mon 02:00", "2027-02-28T23:59:59Z", "2027-03-01T02:00:00Z")] // over the end of the week
    [InlineData("sun 22:00-24:00", "2027-02-28T23:59:59Z", "2027-03-01T00:00:00Z")]
    public void EndOf_Time_IsTheFirstMomentThatIsNotAmongThem(string window, string time, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), WeeklySchedule.Of(window).EndOf(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture)));

    [Fact]
    public void EndOf_RandomSchedules_IsWhereMinuteByMinuteFindsIt() => Gen.Select(Gen.Select(Gen.Int[0, WeeklySchedule.Week - 1], Gen.Int[1, 300]).Array[1, 6], Gen.Int[0, WeeklySchedule.Week * 60]).Sample((drawn, second) =>
    {
        Assert.True(WeeklySchedule.TryCreate(drawn.Select(d => new WeeklyWindow(d.Item1, Math.Min(WeeklySchedule.Week, d.Item1 + d.Item2))), out var schedule, out _));
        var start = new DateTimeOffset(2027, 3, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(second);
        var expected = start;
        while (schedule.Contains(expected))
        {
            expected = expected.AddSeconds(60 - expected.Second);
        }

        Assert.Equal(expected, schedule.EndOf(start));
    }, iter: 200);
}
