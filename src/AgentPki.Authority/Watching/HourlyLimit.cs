namespace AgentPki.Authority.Watching;

/// <summary>At most so many in any hour, by a clock that nobody sets. Of one thread.</summary>
internal sealed class HourlyLimit(TimeProvider time)
{
    private readonly Queue<long> _taken = new();

    public bool TryTake(int limit)
    {
        while (_taken.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= TimeSpan.FromHours(1))
        {
            _taken.Dequeue();
        }

        if (_taken.Count >= limit)
        {
            return false;
        }

        _taken.Enqueue(time.GetTimestamp());
        return true;
    }
}
