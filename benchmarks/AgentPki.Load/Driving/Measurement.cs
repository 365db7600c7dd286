using AgentPki.Load.Reporting;

namespace AgentPki.Load.Driving;

/// <summary>The merged result of one run. Only exchanges without a fault count as operations.</summary>
internal sealed record Measurement(
    long Operations,
    TimeSpan Elapsed,
    long[] SortedLatencyTicks,
    SortedDictionary<int, long> Statuses,
    SortedDictionary<string, long> Faults,
    SortedDictionary<string, long> FaultsOutside,
    TimeSpan GeneratorCpu,
    TimeSpan? ServerCpu,
    ProcessCost? ServerAfter)
{
    internal double PerSecond => Operations / Elapsed.TotalSeconds;

    internal static Measurement From(Tally[] tallies, TimeSpan elapsed, TimeSpan generatorCpu, ProcessCost? before, ProcessCost? after)
    {
        long[] latencies = [.. tallies.SelectMany(t => t.LatencyTicks)];
        Array.Sort(latencies);
        return new Measurement(
            latencies.LongLength, elapsed, latencies,
            Merge(tallies, t => t.Statuses), Merge(tallies, t => t.Faults), Merge(tallies, t => t.FaultsOutside),
            generatorCpu, after?.Cpu - before?.Cpu, after);
    }

    /// <summary>The latency that <paramref name="share"/> of all operations did not exceed, in milliseconds (nearest rank).</summary>
    internal double? LatencyMilliseconds(double share)
    {
        if (SortedLatencyTicks.Length == 0)
            return null;
        int rank = (int)Math.Ceiling(share * SortedLatencyTicks.Length);
        return Math.Round(SortedLatencyTicks[Math.Clamp(rank - 1, 0, SortedLatencyTicks.Length - 1)] / (double)TimeSpan.TicksPerMillisecond, 3);
    }

    internal double? Per1000(TimeSpan? cost) => cost is null || Operations == 0 ? null : Math.Round(cost.Value.TotalSeconds * 1000 / Operations, 4);

    private static SortedDictionary<TKey, long> Merge<TKey>(Tally[] tallies, Func<Tally, Dictionary<TKey, long>> of)
        where TKey : notnull =>
        new(tallies.SelectMany(of).GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Sum(p => p.Value)));
}
