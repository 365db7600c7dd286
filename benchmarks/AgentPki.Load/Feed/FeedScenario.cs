using System.Diagnostics;
using System.Globalization;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.Feed;

/// <summary>What is asked of a run.</summary>
/// <param name="AdminSocket">The appliance's admin socket: holding and releasing the certificate is what makes events.</param>
internal sealed record FeedRunOptions(LoopbackTarget Target, string AdminSocket, string Serial, int Subscribers, int Rounds, TimeSpan Pause);

/// <summary>
/// Many subscribers of the revocation feed, and one certificate that is held and released again and again: how long from just before the admin API is asked until each subscriber
/// has the signed statement. The request, the commit and its fsync, the signature and its fsync are all in it.
/// </summary>
internal sealed class FeedScenario(FeedRunOptions options, ServerProcess? server, TextWriter progress)
{
    private const int ConnectingAtOnce = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var admin = new AdminDoor(options.AdminSocket);
        ProcessCost? before = server?.Sample();
        var subscribers = Enumerable.Range(0, options.Subscribers).Select(_ => new FeedSubscriber(options.Target)).ToList();
        try
        {
            var connecting = Stopwatch.StartNew();
            await Parallel.ForEachAsync(subscribers, new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce, CancellationToken = cancellationToken }, async (s, token) => await s.StartAsync(token));
            progress.WriteLine($"{subscribers.Count} subscribers in {connecting.Elapsed.TotalSeconds:F1} s");
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            ProcessCost? connected = server?.Sample();
            var (latencies, calls, missing) = await MeasureAsync(admin, subscribers, cancellationToken);
            ProcessCost? after = server?.Sample();
            Tell(latencies, calls, missing, subscribers.Count(s => s.Fault is not null), before, connected, after);
            return missing == 0 && subscribers.TrueForAll(s => s.Fault is null) ? 0 : 1;
        }
        finally
        {
            subscribers.ForEach(s => s.Dispose());
        }
    }

    private async Task<(List<double> Latencies, List<double> Calls, int Missing)> MeasureAsync(AdminDoor admin, List<FeedSubscriber> subscribers, CancellationToken cancellationToken)
    {
        List<double> latencies = new(subscribers.Count * options.Rounds), calls = [];
        int missing = 0;
        for (int round = 0; round < options.Rounds; round++)
        {
            bool hold = round % 2 == 0;
            string body = hold ? $$"""{"serial":"{{options.Serial}}","reason":"certificateHold"}""" : $$"""{"serial":"{{options.Serial}}"}""";
            long started = Stopwatch.GetTimestamp();
            (long sequence, _) = await admin.PostAsync(hold ? "revocations" : "revocations/release", body, cancellationToken);
            calls.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            long until = Stopwatch.GetTimestamp() + (long)(Limit.TotalSeconds * Stopwatch.Frequency);
            while (subscribers.Exists(s => s.Fault is null && s.Last.Sequence < sequence) && Stopwatch.GetTimestamp() < until)
                await Task.Delay(20, cancellationToken);
            foreach (FeedSubscriber subscriber in subscribers)
            {
                if (subscriber.Last.Sequence == sequence)
                    latencies.Add(Stopwatch.GetElapsedTime(started, subscriber.Last.Timestamp).TotalMilliseconds);
                else
                    missing++;
            }

            await Task.Delay(options.Pause, cancellationToken);
        }

        return (latencies, calls, missing);
    }

    private void Tell(List<double> latencies, List<double> calls, int missing, int cut, ProcessCost? before, ProcessCost? connected, ProcessCost? after)
    {
        latencies.Sort();
        calls.Sort();
        static string At(List<double> sorted, double share) => sorted.Count == 0 ? "-" : sorted[(int)Math.Min(sorted.Count - 1, share * sorted.Count)].ToString("F1", CultureInfo.InvariantCulture);
        Console.WriteLine($"feed at {options.Target.EndPoint}, {options.Subscribers} subscribers, {options.Rounds} events");
        Console.WriteLine($"  asked -> received, ms: p50 {At(latencies, 0.5)}, p90 {At(latencies, 0.9)}, p99 {At(latencies, 0.99)}, max {At(latencies, 1)}; {missing} missing, {cut} subscribers cut");
        Console.WriteLine($"  the admin call itself (commit included), ms: p50 {At(calls, 0.5)}, max {At(calls, 1)}");
        if (before is not null && connected is not null && after is not null)
        {
            Console.WriteLine($"  server: {before.ResidentBytes >> 20} MB resident before, {connected.ResidentBytes >> 20} MB with the subscribers ({(connected.ResidentBytes - before.ResidentBytes) / 1024.0 / options.Subscribers:F1} KiB each), "
                + $"{after.ResidentBytes >> 20} MB after; {(after.Cpu - connected.Cpu).TotalMilliseconds / options.Rounds:F0} CPU-ms an event, heartbeats included");
        }
    }
}
