using System.Globalization;

namespace AgentPki.Load.Reporting;

/// <summary>Processor time used so far and memory held by a process and its children.</summary>
internal sealed record ProcessCost(TimeSpan Cpu, long ResidentBytes, long PeakResidentBytes);

/// <summary>
/// The measured server: one process or several, with all their threads and children (a server like nginx works in them). Processor time comes from
/// /proc/PID/stat (utime + stime, all threads, those that ended too), in ticks of 10 ms: measure over seconds.
/// </summary>
internal sealed class ServerProcess(IReadOnlyList<int> pids)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), 100 on every Linux that .NET runs on

    internal ProcessCost Sample()
    {
        double ticks = 0;
        long resident = 0, peak = 0;
        foreach (int id in Family())
        {
            try
            {
                // proc(5): fields are counted after the command name, which may itself hold spaces and parentheses.
                string stat = File.ReadAllText($"/proc/{id}/stat");
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                ticks += double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
                resident += StatusBytes(id, "VmRSS:");
                peak += StatusBytes(id, "VmHWM:");
            }
            catch (IOException) when (!pids.Contains(id))
            {
                // A child that ended between listing and reading costs no more.
            }
            catch (IOException)
            {
                throw new LoadException($"There is no process {id} (--server-pid).");
            }
        }

        return new ProcessCost(TimeSpan.FromSeconds(ticks / TicksPerSecond), resident, peak);
    }

    private IEnumerable<int> Family() => pids.SelectMany(pid => ChildrenOf(pid).Prepend(pid)).Distinct();

    private static IEnumerable<int> ChildrenOf(int pid)
    {
        string children = $"/proc/{pid}/task/{pid}/children";
        return File.Exists(children)
            ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))
            : [];
    }

    private static long StatusBytes(int id, string field)
    {
        string? line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
