namespace AgentPki.Agents.Behaviour;

/// <summary>
/// In which hours of the week (UTC, from Monday 00:00) an agent is at work. An hour's weight grows with each week in which it was used and falls by an eighth a week; an hour is usual when it, or one
/// beside it, or the same hour on two other days of its kind (working day or weekend) was used in a week that is over.
/// </summary>
internal sealed class WeekHours
{
    private const int HoursAWeek = 168;
    private const int HoursADay = 24;
    private const int Step = 64;
    private const int Bits = 64;

    /// <summary>1970-01-01 was a Thursday.</summary>
    private const long HoursBeforeFirstMonday = 4 * HoursADay;

    private readonly byte[] _weights = new byte[HoursAWeek];
    private readonly ulong[] _thisWeek = new ulong[(HoursAWeek + Bits - 1) / Bits];
    private long? _hour;
    private bool _verdict;

    /// <summary>Of how many weeks something is known.</summary>
    public byte Weeks { get; private set; }

    /// <summary>The agent is at work in that hour since 1970; whether it usually is.</summary>
    public bool Visit(long hour)
    {
        if (hour == _hour)
        {
            return _verdict;
        }

        if (_hour is { } last && WeekOf(hour) != WeekOf(last))
        {
            EndWeek();
        }

        var now = HourOfWeek(hour);
        (_hour, _verdict) = (hour, IsUsual(now));
        _thisWeek[now / Bits] |= 1UL << (now % Bits);
        return _verdict;
    }

    /// <summary>The hour of the last visit was one of a finding: it does not become usual by it.</summary>
    public void Unmark()
    {
        if (_hour is { } last)
        {
            var now = HourOfWeek(last);
            _thisWeek[now / Bits] &= ~(1UL << (now % Bits));
        }
    }

    /// <summary>As <see cref="Load"/> reads it: of the weights those alone that are some.</summary>
    public void Save(BinaryWriter to)
    {
        Span<ulong> some = stackalloc ulong[_thisWeek.Length];
        for (var hour = 0; hour < HoursAWeek; hour++)
        {
            some[hour / Bits] |= _weights[hour] > 0 ? 1UL << (hour % Bits) : 0;
        }

        for (var i = 0; i < some.Length; i++)
        {
            to.Write(_thisWeek[i]);
            to.Write(some[i]);
        }

        foreach (var weight in _weights)
        {
            if (weight > 0)
            {
                to.Write(weight);
            }
        }

        to.Write(Weeks);
        to.Write(_verdict);
        to.Write7BitEncodedInt64(_hour ?? -1);
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Load(BinaryReader from)
    {
        Span<ulong> some = stackalloc ulong[_thisWeek.Length];
        for (var i = 0; i < some.Length; i++)
        {
            (_thisWeek[i], some[i]) = (from.ReadUInt64(), from.ReadUInt64());
        }

        for (var hour = 0; hour < HoursAWeek; hour++)
        {
            _weights[hour] = ((some[hour / Bits] >> (hour % Bits)) & 1) == 1 ? from.ReadByte() : (byte)0;
        }

        (Weeks, _verdict) = (from.ReadByte(), from.ReadBoolean());
        _hour = from.Read7BitEncodedInt64() is >= 0 and var last ? last : null;
    }

    private bool IsUsual(int hour)
    {
        if (_weights[hour] > 0 || _weights[(hour + 1) % HoursAWeek] > 0 || _weights[(hour + HoursAWeek - 1) % HoursAWeek] > 0)
        {
            return true;
        }

        var isWeekend = hour / HoursADay >= 5;
        var days = 0;
        for (var day = isWeekend ? 5 : 0; day < (isWeekend ? 7 : 5); day++)
        {
            days += _weights[(day * HoursADay) + (hour % HoursADay)] > 0 ? 1 : 0;
        }

        return days >= 2;
    }

    private void EndWeek()
    {
        for (var hour = 0; hour < HoursAWeek; hour++)
        {
            var wasUsed = ((_thisWeek[hour / Bits] >> (hour % Bits)) & 1) == 1;
            _weights[hour] = (byte)Math.Min(byte.MaxValue, (_weights[hour] * 7 / 8) + (wasUsed ? Step : 0));
        }

        Array.Clear(_thisWeek);
        Weeks = (byte)Math.Min(Weeks + 1, byte.MaxValue);
    }

    private static long WeekOf(long hour) => (hour - HoursBeforeFirstMonday) / HoursAWeek;

    private static int HourOfWeek(long hour) => (int)((((hour - HoursBeforeFirstMonday) % HoursAWeek) + HoursAWeek) % HoursAWeek);
}
