namespace AgentPki.Protocols.Admin;

/// <summary>
/// How many certificates each person has revoked alone within the last hour, so that the limit for one request is not gone around by many requests. In memory: a
/// restart, which is in the ledger, forgets it.
/// </summary>
internal sealed class RevocationTally
{
    /// <summary>What is added up.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<(long Time, long Certificates)>> _taken = new(StringComparer.Ordinal);

    /// <summary>Takes so many for that person; false, and nothing is taken, when he would come above the limit.</summary>
    public bool TryTake(string person, long certificates, long limit, TimeProvider time)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (!_taken.TryGetValue(person, out var taken))
            {
                _taken[person] = taken = new();
            }

            while (taken.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Time, now) > Window)
            {
                taken.Dequeue();
            }

            if (taken.Sum(t => t.Certificates) + certificates > limit)
            {
                return false;
            }

            if (certificates > 0)
            {
                taken.Enqueue((now, certificates));
            }

            return true;
        }
    }
}
