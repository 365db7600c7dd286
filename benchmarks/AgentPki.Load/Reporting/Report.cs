using System.Runtime.InteropServices;
using System.Text.Json;
using AgentPki.Load.Driving;

namespace AgentPki.Load.Reporting;

/// <summary>What a run says at its end: a few lines for a person, or one JSON object with the conditions beside the numbers.</summary>
internal sealed class Report(string scenario, string target, RunPlan plan, Measurement run, IReadOnlyList<string> checks, bool sound)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>True when every exchange, measured or not, and every later check was right.</summary>
    internal bool Sound => sound && run.Operations > 0 && run.Faults.Count == 0 && run.FaultsOutside.Count == 0;

    internal string ToText()
    {
        var lines = new List<string>
        {
            $"{scenario} at {target}, {plan.Connections} connections, {(plan.NewConnectionEachTime ? "a new one each time" : "kept open")}",
            $"  {run.Operations} in {run.Elapsed.TotalSeconds:F1} s: {run.PerSecond:F0}/s",
            $"  latency ms: p50 {run.LatencyMilliseconds(0.5)}, p90 {run.LatencyMilliseconds(0.9)}, p99 {run.LatencyMilliseconds(0.99)}, max {run.LatencyMilliseconds(1)}",
            $"  status: {Join(run.Statuses)}",
        };
        if (run.Faults.Count > 0)
            lines.Add($"  faults: {Join(run.Faults)}");
        if (run.FaultsOutside.Count > 0)
            lines.Add($"  faults outside the measured time: {Join(run.FaultsOutside)}");
        if (run.ServerCpu is { } cpu && run.ServerAfter is { } after)
            lines.Add($"  server: {run.Per1000(cpu)} CPU-s/1,000 ({cpu.TotalSeconds:F2} CPU-s), {after.ResidentBytes >> 20} MB resident, peak {after.PeakResidentBytes >> 20} MB");
        lines.Add($"  generator: {run.Per1000(run.GeneratorCpu)} CPU-s/1,000");
        lines.AddRange(checks.Select(c => "  " + c));
        return string.Join('\n', lines);
    }

    internal string ToJson() => JsonSerializer.Serialize(
        new
        {
            scenario,
            target,
            connections = plan.Connections,
            mode = plan.NewConnectionEachTime ? "new-connection" : "keepalive",
            seconds = Math.Round(run.Elapsed.TotalSeconds, 3),
            operations = run.Operations,
            perSecond = Math.Round(run.PerSecond, 1),
            latencyMilliseconds = new
            {
                p50 = run.LatencyMilliseconds(0.5),
                p90 = run.LatencyMilliseconds(0.9),
                p99 = run.LatencyMilliseconds(0.99),
                max = run.LatencyMilliseconds(1),
            },
            statuses = run.Statuses,
            faults = run.Faults,
            faultsOutside = run.FaultsOutside,
            server = run.ServerCpu is null ? null : new
            {
                cpuSeconds = run.ServerCpu.Value.TotalSeconds,
                cpuSecondsPer1000 = run.Per1000(run.ServerCpu),
                residentBytes = run.ServerAfter?.ResidentBytes,
                peakResidentBytes = run.ServerAfter?.PeakResidentBytes,
            },
            generatorCpuSecondsPer1000 = run.Per1000(run.GeneratorCpu),
            checks,
            sound = Sound,
            conditions = new
            {
                at = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null),
                processors = Environment.ProcessorCount,
                loadAverage = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : null,
                system = RuntimeInformation.OSDescription,
                runtime = RuntimeInformation.FrameworkDescription,
            },
        },
        Indented);

    private static string Join<TKey>(SortedDictionary<TKey, long> counts)
        where TKey : notnull => string.Join(", ", counts.Select(p => $"{p.Key}: {p.Value}"));
}
