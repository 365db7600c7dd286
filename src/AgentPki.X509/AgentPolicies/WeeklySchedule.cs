using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AgentPki.X509.AgentPolicies;

/// <summary>Some minutes of each week.</summary>
/// <param name="Start">The first minute, counted from Monday 00:00 UTC: 0 to 10,079.</param>
/// <param name="End">The first minute after it: up to 10,080.</param>
public readonly record struct WeeklyWindow(int Start, int End);

/// <summary>
/// The hours in which an agent may act, the same each week, in UTC: clocks that are put forward and back change nothing. Sorted windows that do not touch. Written <c>mon-fri 08:00-18:00</c>, <c>daily 06:00-07:30</c> or <c>fri 22:00-sat 06:00</c>.
/// </summary>
public sealed class WeeklySchedule : IEquatable<WeeklySchedule>
{
    /// <summary>Windows in one schedule.</summary>
    public const int Maximum = 64;

    /// <summary>Minutes of a week.</summary>
    public const int Week = 7 * Day;

    private const int Day = 24 * 60;
    private static readonly string[] Days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    private WeeklySchedule(ImmutableArray<WeeklyWindow> windows) => Windows = windows;

    /// <summary>No time at all.</summary>
    public static WeeklySchedule Never { get; } = new([]);

    public ImmutableArray<WeeklyWindow> Windows { get; }

    /// <exception cref="FormatException">A window that is none; the message says why.</exception>
    public static WeeklySchedule Of(params IEnumerable<string> windows) => TryParse(windows, out var schedule, out var error) ? schedule : throw new FormatException(error);

    public static bool TryParse(IEnumerable<string> texts, [NotNullWhen(true)] out WeeklySchedule? schedule, [NotNullWhen(false)] out string? error)
    {
        schedule = null;
        var windows = new List<WeeklyWindow>();
        foreach (var text in texts)
        {
            if (!TryParse(text, windows))
            {
                error = "a weekly window is written like 'mon-fri 08:00-18:00', 'daily 06:00-07:30' or 'fri 22:00-sat 06:00', in UTC";
                return false;
            }
        }

        return TryCreate(windows, out schedule, out error);
    }

    public static bool TryCreate(IEnumerable<WeeklyWindow> windows, [NotNullWhen(true)] out WeeklySchedule? schedule, [NotNullWhen(false)] out string? error)
    {
        (schedule, error) = (null, null);
        var merged = new List<WeeklyWindow>();
        foreach (var window in windows.OrderBy(w => w.Start))
        {
            if (window.Start < 0 || window.End > Week || window.Start >= window.End)
            {
                error = "a weekly window ends after it begins, within one week";
                return false;
            }

            if (merged.Count > 0 && window.Start <= merged[^1].End)
            {
                merged[^1] = merged[^1] with { End = Math.Max(merged[^1].End, window.End) };
            }
            else
            {
                merged.Add(window);
            }
        }

        error = merged.Count > Maximum ? $"{merged.Count} weekly windows: at most {Maximum} fit" : null;
        schedule = error is null ? new WeeklySchedule([.. merged]) : null;
        return error is null;
    }

    public bool Contains(DateTimeOffset time)
    {
        var minute = MinuteOf(time);
        return Windows.Any(w => minute >= w.Start && minute < w.End);
    }

    /// <summary>The first moment after <paramref name="time"/> that is not among these; <paramref name="time"/> itself when it is none of them.</summary>
    public DateTimeOffset EndOf(DateTimeOffset time)
    {
        var minute = MinuteOf(time);
        var end = Windows.Where(w => minute >= w.Start && minute < w.End).Select(w => (int?)w.End).FirstOrDefault();
        if (end is not { } last)
        {
            return time;
        }

        // What ends with the week goes on where the next one begins so.
        last += last == Week && Windows[0].Start == 0 ? Windows[0].End : 0;
        return new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero).AddMinutes(last - minute);
    }

    /// <summary>Whether each minute of <paramref name="inner"/> is one of these. Exact, because windows that touch are one.</summary>
    public bool Contains(WeeklySchedule inner) => inner.Windows.All(i => Windows.Any(o => o.Start <= i.Start && i.End <= o.End));

    /// <summary>Whether it leaves out nothing.</summary>
    public bool IsAlways => Windows is [(0, Week)];

    public WeeklySchedule Intersect(WeeklySchedule other)
    {
        var common = from one in Windows
                     from two in other.Windows
                     let start = Math.Max(one.Start, two.Start)
                     let end = Math.Min(one.End, two.End)
                     where start < end
                     select new WeeklyWindow(start, end);
        return TryCreate(common, out var schedule, out var error) ? schedule : throw new FormatException(error);
    }

    /// <summary>One text for each window, which is read back as the same.</summary>
    public IEnumerable<string> ToTexts() => Windows.Select(w =>
    {
        var (first, last) = (w.Start / Day, (w.End - 1) / Day);
        return first == last
            ? $"{Days[first]} {Clock(w.Start - first * Day)}-{Clock(w.End - first * Day)}"
            : $"{Days[first]} {Clock(w.Start - first * Day)}-{Days[last]} {Clock(w.End - last * Day)}";
    });

    public bool Equals(WeeklySchedule? other) => other is not null && Windows.AsSpan().SequenceEqual(other.Windows.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as WeeklySchedule);

    public override int GetHashCode() => Windows.IsEmpty ? 0 : HashCode.Combine(Windows.Length, Windows[0]);

    public override string ToString() => string.Join(", ", ToTexts());

    private static int MinuteOf(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        return ((int)utc.DayOfWeek + 6) % 7 * Day + utc.Hour * 60 + utc.Minute;
    }

    private static string Clock(int minute) => $"{minute / 60:00}:{minute % 60:00}";

    // days time-[day ]time; days: a day, day-day, daily. An end that lies before its beginning is of the next week: the window is two.
    private static bool TryParse(string? text, List<WeeklyWindow> windows)
    {
        if (text?.Split(' ') is not { Length: 2 or 3 } words || words[1].Split('-') is not { Length: 2 } first || !TryClock(first[0], out var start))
        {
            return false;
        }

        if (words.Length == 3)
        {
            var (from, to) = (Array.IndexOf(Days, words[0]), Array.IndexOf(Days, first[1]));
            if (from < 0 || to < 0 || !TryClock(words[2], out var end))
            {
                return false;
            }

            Add(windows, from * Day + start, to * Day + end);
            return start < Day;
        }

        if (!TryClock(first[1], out var close) || close <= start || !TryDays(words[0], out var begin, out var last))
        {
            return false;
        }

        for (var day = begin; day <= last; day++)
        {
            windows.Add(new WeeklyWindow(day * Day + start, day * Day + close));
        }

        return true;
    }

    private static void Add(List<WeeklyWindow> windows, int start, int end)
    {
        if (start < end)
        {
            windows.Add(new WeeklyWindow(start, end));
            return;
        }

        windows.Add(new WeeklyWindow(start, Week));
        if (end > 0)
        {
            windows.Add(new WeeklyWindow(0, end));
        }
    }

    private static bool TryDays(string text, out int first, out int last)
    {
        (first, last) = (0, 6);
        if (text == "daily")
        {
            return true;
        }

        var ends = text.Split('-');
        (first, last) = (Array.IndexOf(Days, ends[0]), Array.IndexOf(Days, ends[^1]));
        return ends.Length <= 2 && first >= 0 && last >= first;
    }

    private static bool TryClock(string text, out int minute)
    {
        minute = 0;
        if (text.Length != 5 || text[2] != ':' || !int.TryParse(text.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var hour) || !int.TryParse(text.AsSpan(3, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var rest))
        {
            return false;
        }

        minute = hour * 60 + rest;
        return rest < 60 && minute <= Day;
    }
}
