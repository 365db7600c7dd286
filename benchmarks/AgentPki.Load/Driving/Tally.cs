namespace AgentPki.Load.Driving;

/// <summary>What one connection's thread counted; merged after the threads have ended.</summary>
internal sealed class Tally
{
    internal List<long> LatencyTicks { get; } = new(64 * 1024);

    internal Dictionary<int, long> Statuses { get; } = [];

    internal Dictionary<string, long> Faults { get; } = [];

    internal Dictionary<string, long> FaultsOutside { get; } = [];

    internal int ConsecutiveFaults { get; private set; }

    internal void Add(TimeSpan latency, int status, string? fault)
    {
        Statuses[status] = Statuses.GetValueOrDefault(status) + 1;
        if (fault is null)
            LatencyTicks.Add(latency.Ticks);
        else
            Faults[fault] = Faults.GetValueOrDefault(fault) + 1;
        ConsecutiveFaults = fault is null ? 0 : ConsecutiveFaults + 1;
    }

    internal void AddOutside(string fault)
    {
        FaultsOutside[fault] = FaultsOutside.GetValueOrDefault(fault) + 1;
        ConsecutiveFaults++;
    }
}
