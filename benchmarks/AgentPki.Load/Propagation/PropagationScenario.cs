using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Revocation;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;
using AgentPki.X509.Certificates;

namespace AgentPki.Load.Propagation;

/// <summary>What is asked of a run.</summary>
/// <param name="Select">The members of a revocation's JSON that select, without braces: <c>"serial":"4a…"</c>, or <c>"owner":"team-b","confirmed":100000</c>.</param>
/// <param name="Probe">An agent's certificate that is among them, with its key.</param>
/// <param name="Guard">A guard that lets the probe in; null: none is asked.</param>
internal sealed record PropagationOptions(
    LoopbackTarget Target, Uri Server, string AdminSocket, string Select, X509Certificate2 Probe, X509Certificate2 Issuer, Certificate Root, LoopbackTarget? Guard, TlsSettings Tls,
    int Subscribers, int Followers, int Rounds, TimeSpan Pause);

/// <summary>
/// How long from just before the admin API is asked to hold certificates until each kind of relying party refuses one of them: subscribers that only read the stream, followers of the
/// client library that verify it, the appliance's own OCSP, and a guard, which has to cut the open connection and to refuse a new one. What is held is released again after each round.
/// </summary>
internal sealed class PropagationScenario(PropagationOptions options, ServerProcess? server, TextWriter progress)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly Dictionary<string, List<double>> _latencies = [];
    private long _certificates;
    private long _goodAfter;

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var admin = new AdminDoor(options.AdminSocket);
        ProcessCost? before = server?.Sample();
        List<FeedSubscriber> subscribers = [.. Enumerable.Range(0, options.Subscribers).Select(_ => new FeedSubscriber(options.Target))];
        List<LibraryFollower> followers = [];
        try
        {
            await Parallel.ForEachAsync(subscribers, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellationToken }, async (s, token) => await s.StartAsync(token));
            Certificate probe = Certificate.Parse(options.Probe.RawData);
            for (int i = 0; i < options.Followers; i++)
                followers.Add(await LibraryFollower.StartAsync(new RevocationFollowerOptions(options.Server, [options.Root]), probe, cancellationToken));
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            progress.WriteLine($"{subscribers.Count} subscribers and {followers.Count} followers are connected");
            ProcessCost? connected = server?.Sample();
            for (int round = 0; round < options.Rounds; round++)
            {
                await RoundAsync(admin, subscribers, followers, cancellationToken);
                await Task.Delay(options.Pause, cancellationToken);
            }

            ProcessCost? after = server?.Sample();
            int cut = subscribers.Count(s => s.Fault is not null);
            Tell(cut, before, connected, after);
            return cut == 0 && _goodAfter == 0 ? 0 : 1;
        }
        finally
        {
            subscribers.ForEach(s => s.Dispose());
            foreach (LibraryFollower follower in followers)
                await follower.DisposeAsync();
        }
    }

    private async Task RoundAsync(AdminDoor admin, List<FeedSubscriber> subscribers, List<LibraryFollower> followers, CancellationToken cancellationToken)
    {
        using GuardProbe? guard = options.Guard is { } target ? GuardProbe.Open(target, options.Tls.WithClient(options.Probe)) : null;
        followers.ForEach(f => f.Reset());
        long started = Stopwatch.GetTimestamp();
        var (epoch, certificates) = await admin.PostAsync("revocations", $$"""{{{options.Select}},"reason":"certificateHold"}""", cancellationToken);
        long committed = Stopwatch.GetTimestamp();
        _certificates = certificates;
        Add("commit: the admin call has returned", Stopwatch.GetElapsedTime(started, committed));
        Task<(long Revoked, int Good)> ocsp = Task.Run(() => OcspProbe.UntilRevoked(options.Target, options.Issuer, options.Probe, Limit), cancellationToken);
        Task<(long Cut, long Refused)>? door = guard is null ? null : Task.Run(() => guard.UntilRefused(options.Tls.WithClient(options.Probe), Limit), cancellationToken);
        foreach (LibraryFollower follower in followers)
            Add("client library: not good any more", Stopwatch.GetElapsedTime(started, await follower.RefusedAt.WaitAsync(Limit, cancellationToken)));
        await UntilAsync(() => subscribers.TrueForAll(s => s.Fault is not null || s.Last.Sequence >= epoch), cancellationToken);
        foreach (FeedSubscriber subscriber in subscribers.Where(s => s.Fault is null))
            Add("feed: the signed statement is there", Stopwatch.GetElapsedTime(started, subscriber.Last.Timestamp));
        var (revoked, good) = await ocsp;
        Add("OCSP: first answer after the commit says revoked", Stopwatch.GetElapsedTime(started, revoked));
        _goodAfter += good;
        if (door is not null)
        {
            var (cut, refused) = await door;
            Add("guard: open connection cut", Stopwatch.GetElapsedTime(started, cut));
            Add("guard: new connection refused", Stopwatch.GetElapsedTime(started, refused));
        }

        await admin.PostAsync("revocations/release", $$"""{{{options.Select}}}""", cancellationToken);
        await UntilAsync(() => followers.TrueForAll(f => f.IsGood), cancellationToken);
        if (options.Guard is { } again)
            await UntilAsync(() => GuardProbe.LetsIn(again, options.Tls.WithClient(options.Probe)), cancellationToken);
    }

    private void Add(string what, TimeSpan time)
    {
        if (!_latencies.TryGetValue(what, out List<double>? all))
            _latencies[what] = all = [];
        all.Add(time.TotalMilliseconds);
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        for (long until = Stopwatch.GetTimestamp(); !condition();)
        {
            if (Stopwatch.GetElapsedTime(until) > Limit)
                throw new LoadException($"Not everybody heard of it within {Limit.TotalSeconds:0} seconds.");
            await Task.Delay(20, cancellationToken);
        }
    }

    private void Tell(int cut, ProcessCost? before, ProcessCost? connected, ProcessCost? after)
    {
        Console.WriteLine($"{options.Subscribers} subscribers, {options.Followers} followers, {options.Rounds} rounds of {_certificates} certificate(s); milliseconds from just before the admin API was asked");
        foreach ((string what, List<double> all) in _latencies)
        {
            all.Sort();
            Console.WriteLine($"  {what,-50} p50 {At(all, 0.5),8}  p90 {At(all, 0.9),8}  p99 {At(all, 0.99),8}  max {At(all, 1),8}  ({all.Count})");
        }

        Console.WriteLine($"  {_goodAfter} OCSP answers to questions asked after the commit said good; {cut} subscribers were cut");
        if (before is not null && connected is not null && after is not null)
        {
            Console.WriteLine($"  server: {before.ResidentBytes >> 20} MB resident before, {connected.ResidentBytes >> 20} MB with the subscribers ({(connected.ResidentBytes - before.ResidentBytes) / 1024.0 / Math.Max(1, options.Subscribers + options.Followers):F1} KiB each), "
                + $"{after.ResidentBytes >> 20} MB after; {(after.Cpu - connected.Cpu).TotalMilliseconds / options.Rounds:F0} CPU-ms a round (two events, heartbeats included)");
        }
    }

    private static string At(List<double> sorted, double share) => sorted[(int)Math.Min(sorted.Count - 1, share * sorted.Count)].ToString("F1", CultureInfo.InvariantCulture);
}
