using System.Net;
using AgentPki.Agents.Behaviour;

namespace AgentPki.Agents.Tests.Behaviour.Trace;

internal enum AgentKind
{
    Assistant,
    Batch,
    Service,
    Crawler,
    Orchestrator,
    Roamer,
}

/// <summary>What one agent does on a day when nothing is wrong, mistakes included.</summary>
internal sealed class TraceAgent(string id, AgentKind kind, int number, Draw draw)
{
    private readonly int _home = draw.Between(0, 250);
    private readonly int _shift = draw.Between(-2, 2);
    private readonly int _badDay = draw.Between(7, 27);
    private readonly bool _hasBadDay = draw.Chance(250);
    private int _serial;

    public string Id => id;

    public AgentKind Kind => kind;

    public int HomeResources => kind switch { AgentKind.Batch => 60, AgentKind.Orchestrator => 30, AgentKind.Service => 20, _ => 40 };

    public int FirstHour => kind switch { AgentKind.Batch => 2, AgentKind.Service or AgentKind.Crawler => 0, _ => 8 + _shift };

    public IPAddress Office => IPAddress.Parse($"10.{number % 200}.{_home}.{draw.Between(2, 250)}");

    public IPAddress Stranger => IPAddress.Parse($"203.{draw.Between(1, 250)}.{draw.Between(1, 250)}.7");

    public string Known => $"res/{id}/{draw.Skewed(HomeResources)}";

    public string New => $"res/{id}/new/{_serial++}";

    public Draw Draw => draw;

    public BehaviourEvent At(DateTimeOffset time, BehaviourKind what, string? resource, IPAddress from) => new(time, id, what) { Action = "use", Resource = resource, Address = from };

    public IEnumerable<BehaviourEvent> NormalDay(DateTimeOffset midnight, int day)
    {
        var isWeekend = midnight.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
        return kind switch
        {
            AgentKind.Assistant => isWeekend ? [] : Sessions(midnight, day, FirstHour, 10, draw.Chance(100) ? Elsewhere(1) : Office, 30),
            AgentKind.Batch => Night(midnight, day),
            AgentKind.Service => AroundTheClock(midnight, day),
            AgentKind.Crawler => Crawl(midnight),
            AgentKind.Orchestrator => isWeekend ? [] : Orchestrate(midnight),
            _ => isWeekend && !draw.Chance(200) ? [] : Sessions(midnight, day, FirstHour, 9, draw.Chance(150) ? Stranger : Elsewhere(draw.Between(0, 2)), 50),
        };
    }

    private IPAddress Elsewhere(int place) => IPAddress.Parse($"10.{number % 200}.{(_home + place) % 251}.9");

    private IEnumerable<BehaviourEvent> Sessions(DateTimeOffset midnight, int day, int first, int hours, IPAddress from, int newPerMille)
    {
        var late = draw.Chance(20);
        for (var hour = first; hour < first + hours + (late ? 4 : 0); hour++)
        {
            for (var session = draw.Chance(700) ? draw.Between(1, 3) : 0; session > 0; session--)
            {
                var time = midnight.AddHours(hour).AddSeconds(draw.Between(0, 2500));
                for (var requests = draw.Between(5, 30); requests > 0; requests--)
                {
                    time = time.AddSeconds(draw.Between(0, 30));
                    yield return draw.Chance(20) ? At(time, BehaviourKind.Denied, Known, from) : At(time, BehaviourKind.Permitted, draw.Chance(newPerMille) ? New : Known, from);
                }
            }

            // A day on which somebody gave it a wrong task: it tries, and is refused.
            if (_hasBadDay && day == _badDay && hour == first + 3)
            {
                for (var i = 0; i < 14; i++)
                {
                    yield return At(midnight.AddHours(hour).AddSeconds(3000 + (i * 20)), BehaviourKind.Denied, Known, from);
                }
            }
        }
    }

    private IEnumerable<BehaviourEvent> Night(DateTimeOffset midnight, int day)
    {
        // The end of the month takes three times as long, and twice as much a minute.
        var isMonthEnd = day == 25;
        for (var minute = 0; minute < (isMonthEnd ? 45 : 15); minute++)
        {
            for (var requests = draw.Between(30, 60) * (isMonthEnd ? 2 : 1); requests > 0; requests--)
            {
                var time = midnight.AddHours(2).AddMinutes(minute).AddSeconds(draw.Between(0, 59));
                yield return draw.Chance(5) ? At(time, BehaviourKind.Denied, Known, Office) : At(time, BehaviourKind.Permitted, draw.Chance(15) ? New : Known, Office);
            }
        }
    }

    private IEnumerable<BehaviourEvent> AroundTheClock(DateTimeOffset midnight, int day)
    {
        for (var minute = 0; minute < 1440; minute++)
        {
            for (var requests = draw.Chance(150) ? draw.Between(1, 3) : 0; requests > 0; requests--)
            {
                yield return draw.Chance(2) ? At(midnight.AddMinutes(minute), BehaviourKind.Denied, Known, Office) : At(midnight.AddMinutes(minute), BehaviourKind.Permitted, Known, Office);
            }

            // A deployment goes wrong: refused for five minutes, until it is rolled back.
            if (_hasBadDay && day == _badDay && minute is >= 600 and < 605)
            {
                for (var i = 0; i < 6; i++)
                {
                    yield return At(midnight.AddMinutes(minute).AddSeconds(i * 10), BehaviourKind.Denied, Known, Office);
                }
            }
        }
    }

    private IEnumerable<BehaviourEvent> Crawl(DateTimeOffset midnight)
    {
        for (var hour = 0; hour < 24; hour++)
        {
            for (var requests = draw.Between(12, 30); requests > 0; requests--)
            {
                var time = midnight.AddHours(hour).AddSeconds(draw.Between(0, 3599));
                yield return draw.Chance(50) ? At(time, BehaviourKind.Denied, New, Office) : At(time, BehaviourKind.Permitted, draw.Chance(700) ? New : Known, Office);
            }
        }
    }

    private IEnumerable<BehaviourEvent> Orchestrate(DateTimeOffset midnight)
    {
        for (var hour = FirstHour; hour < FirstHour + 11; hour++)
        {
            for (var children = draw.Between(0, 6); children > 0; children--)
            {
                var time = midnight.AddHours(hour).AddSeconds(draw.Between(0, 3300));
                yield return draw.Chance(30) ? At(time, BehaviourKind.ChildRefused, null, Office) : At(time, BehaviourKind.ChildGranted, null, Office);
                for (var requests = draw.Between(3, 10); requests > 0; requests--)
                {
                    time = time.AddSeconds(draw.Between(0, 20));
                    yield return At(time, draw.Chance(15) ? BehaviourKind.Denied : BehaviourKind.Permitted, Known, Office);
                }
            }
        }
    }
}
