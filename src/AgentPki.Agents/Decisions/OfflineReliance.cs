namespace AgentPki.Agents.Decisions;

/// <summary>
/// For how long a permission may be relied on when the appliance cannot be asked: what the permits say that apply, the longest of them, since each permits by itself; never longer than what permits now is known to hold.
/// Whatever is taken away (a permit, time) never makes it longer, and a forbid or a narrowing more neither.
/// </summary>
internal static class OfflineReliance
{
    /// <param name="permitted">The longest that a policy says which permits this; an elevation says nothing.</param>
    internal static TimeSpan Bound(TimeSpan permitted, DecisionRequest request)
    {
        // What is counted cannot be counted elsewhere; and of an agent that somebody narrowed, somebody is wary.
        if (permitted <= TimeSpan.Zero || request.Subject.Bounds.Any(b => b.Budget.Amounts.Count > 0) || request.Adjustments.Any(a => a.Kind == AdjustmentKind.Narrowing && a.Ended is null && a.NotAfter > request.Now))
        {
            return TimeSpan.Zero;
        }

        var now = request.Now;
        var left = Least(Least(permitted, request.LongestOffline), request.Subject.NotAfter - now);
        foreach (var bounds in request.Subject.Bounds)
        {
            left = bounds.NotAfter is { } end ? Least(left, end - now + TimeSpan.FromSeconds(1)) : left; // that second included
            left = bounds.Weekly is { } weekly ? Least(left, weekly.EndOf(now) - now) : left;
        }

        return left < TimeSpan.FromSeconds(1) ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Floor(left.TotalSeconds));
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
