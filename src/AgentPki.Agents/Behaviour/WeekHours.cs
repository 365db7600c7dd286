namespace AgentPki.Agents.Behaviour;

/// <summary>
/// In which hours of the week (UTC, from Monday 00:00) an agent is at work. An hour's weight grows with each week in which it was used and falls by an eighth a week; an hour is usual when it, or one
/// beside it, or the same hour on two other days of its kind (working day or weekend) was used in a week that is over.
/// </summary>
internal struct WeekHours
{
    private const int HoursAWeek = 168;
    private const int HoursADay = 24;
    private const int Step = 64;

    /// <summary>1970-01-01 was a Thursday.</summary>
    private const long HoursBeforeFirstMonday = 4 * HoursADay;

    private byte[]? _weights;
    private UInt128 _thisWeekLow;
    private ulong _thisWeekHigh;
    private long _hour;
    private bool _verdict;

    /// <summary>Of how many weeks something is known.</summary>
    public byte Weeks { get; private set; }

    /// <summary>The agent is at work in that hour since 1970; whether it usually is.</summary>
    public bool Visit(long hour)
    {
        if (_weights is null)
        {
            (_weights, _hour) = (new byte[HoursAWeek], hour);
            Mark(HourOfWeek(hour));
        }

        if (hour == _hour)
        {
            return _verdict;
        }

        if (WeekOf(hour) != WeekOf(_hour))
        {
            EndWeek(_weights);
        }

        var now = HourOfWeek(hour);
        (_hour, _verdict) = (hour, IsUsual(_weights, now));
        Mark(now);
        return _verdict;
    }

    /// <summary>That hour was one of a finding: it does not become usual by it.</summary>
    public void Unmark()
    {
        var now = HourOfWeek(_hour);
        if (now < 128)
        {
            _thisWeekLow &= ~(UInt128.One << now);
        }
        else
        {
            _thisWeekHigh &= ~(1UL << (now - 128));
        }
    }

    private static bool IsUsual(byte[] weights, int hour)
    {
        if (weights[hour] > 0 || weights[(hour + 1) % HoursAWeek] > 0 || weights[(hour + HoursAWeek - 1) % HoursAWeek] > 0)
        {
            return true;
        }

        var isWeekend = hour / HoursADay >= 5;
        var days = 0;
        for (var day = isWeekend ? 5 : 0; day < (isWeekend ? 7 : 5); day++)
        {
            days += weights[(day * HoursADay) + (hour % HoursADay)] > 0 ? 1 : 0;
        }

        return days >= 2;
    }

    private void Mark(int hour)
    {
        if (hour < 128)
        {
            _thisWeekLow |= UInt128.One << hour;
        }
        else
        {
            _thisWeekHigh |= 1UL << (hour - 128);
        }
    }

    private void EndWeek(byte[] weights)
    {
        for (var hour = 0; hour < HoursAWeek; hour++)
        {
            var used = hour < 128 ? (_thisWeekLow >> hour) & 1 : (_thisWeekHigh >> (hour - 128)) & 1;
            weights[hour] = (byte)Math.Min(byte.MaxValue, (weights[hour] * 7 / 8) + (used == 1 ? Step : 0));
        }

        (_thisWeekLow, _thisWeekHigh) = (0, 0);
        Weeks = (byte)Math.Min(Weeks + 1, byte.MaxValue);
    }

    private static long WeekOf(long hour) => (hour - HoursBeforeFirstMonday) / HoursAWeek;

    private static int HourOfWeek(long hour) => (int)((((hour - HoursBeforeFirstMonday) % HoursAWeek) + HoursAWeek) % HoursAWeek);
}
