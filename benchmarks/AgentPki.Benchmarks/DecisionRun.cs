using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Cryptography;
using AgentPki.Protocols.AuthZen;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>
/// <c>decisions AGENTS POLICIES [SECONDS]</c>: actions decided in a whole authority (SQLite, keys in SoftHSM, decision log on the disk), by parts: the rules alone, the service with its log,
/// with receipts, and over HTTPS with a client certificate, from this same process.
/// </summary>
internal static class DecisionRun
{
    private const int Teams = 50;

    /// <summary>Over HTTPS, below saturation; the service alone is given twice as many.</summary>
    private static readonly int[] Rates = [200, 500, 1000];
    private static readonly RequestShare Unlimited = RequestShare.Unlimited;

    internal static async Task RunAsync(string[] args)
    {
        var (agents, policies, seconds) = (int.Parse(args[0], CultureInfo.InvariantCulture), int.Parse(args[1], CultureInfo.InvariantCulture), args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 5);
        await using BenchAuthority authority = await BenchAuthority.StartAsync(durable: true);
        Stopwatch clock = Stopwatch.StartNew();
        Agent[] all = await EnrollAsync(authority, agents);
        Report($"{agents} agents enrolled in {clock.Elapsed.TotalSeconds:0} s");

        clock.Restart();
        var folder = new Folder(Write(policies));
        PolicyCatalog catalog = PolicyCatalog.Read(folder.Read());
        Report($"{catalog.Set.Policies.Length} policies read in {clock.Elapsed.TotalMilliseconds:0} ms");
        DecideAlone(catalog, all, policies);

        foreach (bool receipts in new[] { false, true })
        {
            var options = new DecisionOptions
            {
                Journal = new JournalOptions(Path.Combine(authority.Folder, receipts ? "decisions-2" : "decisions-1")),
                KeyLabel = "bench-decisions",
                Issuer = "http://pki.example:8080",
                ReceiptKeys = receipts ? [KeyAlgorithm.EcdsaP256] : [],
            };
            await using DecisionAuthority decisions = await DecisionAuthority.StartAsync(
                authority.Services, options, authority.Providers, folder, false, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
            string with = receipts ? "with a receipt each (ES256 in SoftHSM)" : "without receipts";
            if (!receipts)
                await FirstAsync(all, n => DecideAsync(n, null));
            await LoadAsync($"service, log on the disk, 64 callers, {with}", 64, seconds, 1, n => DecideAsync(n, receipts ? decisions : null));
            foreach (int rate in Rates)
                await PacedAsync($"service, log on the disk, {with}", rate * 2, seconds, n => DecideAsync(n, receipts ? decisions : null));
            if (!receipts)
                await ChangingAsync(authority, all, seconds, n => DecideAsync(n, null));

            async Task<int> DecideAsync(int n, DecisionAuthority? certifies)
            {
                AnsweredCall answered = await decisions.Decisions.DecideAsync(Call(all[n % all.Length], Pick(all[n % all.Length], n, policies)), CancellationToken.None);
                if (certifies is not null)
                    _ = await certifies.TryCertifyAsync([answered], null, CancellationToken.None) ?? throw new InvalidOperationException("no receipt");
                return answered.Decision.IsPermitted ? 1 : 0;
            }

            await OverHttpAsync(authority, decisions, all, policies, seconds, with);
        }
    }

    private static void DecideAlone(PolicyCatalog catalog, Agent[] agents, int policies)
    {
        DecisionRequest[] requests = [.. Enumerable.Range(0, 4096).Select(n => new DecisionRequest(agents[n % agents.Length].Subject, "read", Pick(agents[n % agents.Length], n, policies), TimeProvider.System.GetUtcNow(), Facts))];
        for (int round = 0; round < 3; round++)
        {
            TimeSpan before = Cpu();
            long permitted = 0, bytes = GC.GetAllocatedBytesForCurrentThread();
            const int Times = 100_000;
            for (int n = 0; n < Times; n++)
                permitted += ActionDecider.Decide(catalog.Set, requests[n % requests.Length]).IsPermitted ? 1 : 0;
            if (round == 2)
                Report(string.Create(CultureInfo.InvariantCulture, $"rules alone, one thread: {(Cpu() - before).TotalMicroseconds / Times:0.00} us CPU, {(GC.GetAllocatedBytesForCurrentThread() - bytes) / Times} B each; {100.0 * permitted / Times:0}% permitted"));
        }
    }

    private static async Task OverHttpAsync(BenchAuthority authority, DecisionAuthority decisions, Agent[] agents, int policies, int seconds, string with)
    {
        using X509Certificate2 guard = await GuardAsync(authority);
        await using var services = new ProtocolServices(authority.Services, authority.Providers, new ProtocolOptions { StatusRate = Unlimited }, TimeProvider.System, NullLoggerFactory.Instance, decisions);
        using X509Certificate2 tls = SelfSigned();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(tls, https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (_, _, _) => true; // judged by the endpoint, as in the appliance
        })));
        builder.Services.AddRoutingCore();
        await using WebApplication app = builder.Build();
        app.UseRouting();
        app.MapAuthZen(services.AuthZen ?? throw new InvalidOperationException());
        await app.StartAsync();
        using var handler = new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 16, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificateContext = SslStreamCertificateContext.Create(guard, null, offline: true) } };
        using var client = new HttpClient(handler) { BaseAddress = new Uri(app.Urls.First()) };
        await LoadAsync($"HTTPS, 16 connections, one decision a request, {with}", 16, seconds, 1, n => AskAsync(client, "/access/v1/evaluation", One(agents, n, policies)));
        foreach (int rate in Rates)
            await PacedAsync($"HTTPS, 16 connections, one decision a request, {with}", rate, seconds, n => AskAsync(client, "/access/v1/evaluation", One(agents, n, policies)));
        await LoadAsync($"HTTPS, 16 connections, 20 decisions a request, {with}", 16, seconds, 20, n => AskAsync(
            client, "/access/v1/evaluations", $$$$"""{"evaluations":[{{{{string.Join(',', Enumerable.Range(0, 20).Select(i => One(agents, (n * 20) + i, policies)))}}}}]}"""));
    }

    private static async Task<int> AskAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        string text = await answer.Content.ReadAsStringAsync();
        return answer.StatusCode == HttpStatusCode.OK ? text.Split("\"decision\":true").Length - 1 : throw new InvalidOperationException(text);
    }

    /// <summary>So many at once, each one after the other; the first second does not count.</summary>
    private static async Task LoadAsync(string what, int callers, int seconds, int each, Func<int, Task<int>> ask)
    {
        int next = 0;
        long permitted = 0;
        bool counts = false, stops = false;
        var times = new List<double>[callers];
        Task[] running = [.. Enumerable.Range(0, callers).Select(c => Task.Run(async () =>
        {
            times[c] = [];
            while (!Volatile.Read(ref stops))
            {
                long started = Stopwatch.GetTimestamp();
                int yes = await ask(Interlocked.Increment(ref next) & 0xFFFFFF);
                if (Volatile.Read(ref counts))
                {
                    times[c].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                    Interlocked.Add(ref permitted, yes);
                }
            }
        }))];
        await Task.Delay(TimeSpan.FromSeconds(1));
        (TimeSpan cpu, Stopwatch clock) = (Cpu(), Stopwatch.StartNew());
        Volatile.Write(ref counts, true);
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        Volatile.Write(ref counts, false);
        (double used, double wall) = ((Cpu() - cpu).TotalSeconds, clock.Elapsed.TotalSeconds);
        Volatile.Write(ref stops, true);
        await Task.WhenAll(running);
        double[] sorted = [.. times.SelectMany(t => t).Order()];
        double done = sorted.Length * each;
        Report(string.Create(CultureInfo.InvariantCulture, $"{what}: {done / wall:0}/s, p50 {At(0.5):0.00} ms, p90 {At(0.9):0.00} ms, p99 {At(0.99):0.00} ms, {used / done * 1000:0.000} CPU-s/1,000 (client included where there is one); {100.0 * permitted / done:0}% permitted"));

        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
    }

    /// <summary>Each agent asked about once: what the store has to be read for. From then on they are remembered.</summary>
    private static async Task FirstAsync(Agent[] agents, Func<int, Task<int>> ask)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        (TimeSpan cpu, Stopwatch clock) = (Cpu(), Stopwatch.StartNew());
        await Parallel.ForAsync(0, agents.Length, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (n, _) => await ask(n));
        (double used, double wall) = ((Cpu() - cpu).TotalSeconds, clock.Elapsed.TotalSeconds);
        Report(string.Create(CultureInfo.InvariantCulture, $"service, each agent for the first time, 64 callers: {agents.Length / wall:0}/s, {used / agents.Length * 1000:0.000} CPU-s/1,000; remembered with {(GC.GetTotalMemory(forceFullCollection: true) - before) / agents.Length} B each"));
    }

    /// <summary>While one agent after the other is suspended and activated again, ten a second.</summary>
    private static async Task ChangingAsync(BenchAuthority authority, Agent[] agents, int seconds, Func<int, Task<int>> ask)
    {
        using var ended = new CancellationTokenSource();
        Task changing = Task.Run(async () =>
        {
            for (int n = 0; !ended.IsCancellationRequested; n++)
            {
                await authority.Services.Agents.SetStateAsync(agents[n / 2 % agents.Length].Subject.Id, n % 2 == 0 ? AgentPki.Agents.AgentState.Suspended : AgentPki.Agents.AgentState.Active, "admin:bench", "bench", CancellationToken.None);
                await Task.Delay(100);
            }
        });
        await LoadAsync("service, log on the disk, 64 callers, while ten agents a second change their state", 64, seconds, 1, ask);
        await ended.CancelAsync();
        await changing;
    }

    /// <summary>So many a second, each at its time whether those before are answered or not; whatever waits for its turn here counts too.</summary>
    private static async Task PacedAsync(string what, int rate, int seconds, Func<int, Task<int>> ask)
    {
        int total = rate * (seconds + 1);
        var running = new Task[total];
        double[] times = new double[total];
        await Task.Factory.StartNew(
            () =>
            {
                long began = Stopwatch.GetTimestamp();
                for (int n = 0; n < total; n++)
                {
                    long due = began + (long)((double)n / rate * Stopwatch.Frequency);
                    while (Stopwatch.GetTimestamp() < due)
                        Thread.Sleep(1);
                    int number = n;
                    // This thread's own sleep is not the answerer's; what is later than that is.
                    long from = Math.Min(Stopwatch.GetTimestamp(), due + (Stopwatch.Frequency * 3 / 2000));
                    running[n] = Task.Run(async () =>
                    {
                        await ask(number);
                        times[number] = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
                    });
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.WhenAll(running);
        double[] sorted = [.. times.Skip(rate).Order()];
        Report(string.Create(CultureInfo.InvariantCulture, $"{what}, {rate} a second: p50 {At(0.5):0.00} ms, p90 {At(0.9):0.00} ms, p99 {At(0.99):0.00} ms, longest {sorted[^1]:0.0} ms"));

        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
    }

    private static async Task<Agent[]> EnrollAsync(BenchAuthority authority, int count)
    {
        var credentials = new List<Authority.Enrollment.Requester.Credential>();
        for (int team = 0; team < Teams; team++)
            credentials.Add(await authority.CredentialAsync($"team-{team}"));
        var agents = new Agent[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (n, _) =>
        {
            Certificate certificate = await authority.EnrollAsync(await authority.RequestAsync(), credentials[n % Teams]);
            string id = certificate.SpiffeId?.ToString() ?? "";
            byte[] sha256 = certificate.Fingerprint();
            agents[n] = new Agent(new DecisionSubject(id, certificate.SpiffeId?.Path ?? "/", $"team-{n % Teams}", null, null, "agent", sha256, []), n % Teams, System.Buffers.Text.Base64Url.EncodeToString(sha256));
        });
        return agents;
    }

    private static string Write(int policies)
    {
        var yaml = new StringBuilder("policies:\n");
        for (int i = 0; i < policies; i++)
        {
            string rule = (i % 10) switch
            {
                0 => $"effect: forbid, actions: [\"**\"], resources: [\"*/secrets/{i}\"]",
                1 or 2 or 3 => $"effect: permit, agents: {{owners: [team-{i % Teams}]}}, actions: [read, list], resources: [\"r{i}/**\"], when: context.amount < 1000",
                4 => $"effect: permit, agents: {{ids: [\"spiffe://agents.example/agent/bench-{i}\"]}}, actions: [\"**\"], resources: [\"**\"]",
                _ => $"effect: permit, agents: {{owners: [team-{i % Teams}]}}, actions: [read, \"tool.*\"], resources: [\"r{i}/**\"]",
            };
            yaml.Append(CultureInfo.InvariantCulture, $"- {{id: p{i}, {rule}}}\n");
        }

        return yaml.ToString();
    }

    /// <summary>A resource that a policy of the agent's team is about, four times out of five.</summary>
    private static string Pick(Agent agent, int n, int policies) => n % 5 == 0 ? $"other/{n & 1023}" : $"r{(agent.Team + (Teams * (n % Math.Max(1, policies / Teams)))) % policies}/{n & 1023}";

    private static DecisionFacts Facts { get; } = new() { Context = new Dictionary<string, object?>(StringComparer.Ordinal) { ["amount"] = 5L } };

    private static DecisionCall Call(Agent agent, string resource) => new("spiffe://agents.example/guard/gate", "bench", agent.Subject.Id, new NamedCertificate.Thumbprint(agent.Subject.CertificateSha256), "read", resource, Facts, agent.Subject.CertificateSha256);

    private static string One(Agent[] agents, int n, int policies)
    {
        Agent agent = agents[n % agents.Length];
        return $$$$"""{"subject":{"type":"agent","id":"{{{{agent.Subject.Id}}}}","properties":{"x5t#S256":"{{{{agent.Thumbprint}}}}"}},"action":{"name":"read"},"resource":{"type":"{{{{Pick(agent, n, policies).Replace("/", "\",\"id\":\"", StringComparison.Ordinal)}}}}"},"context":{"amount":5} }""";
    }

    private static async Task<X509Certificate2> GuardAsync(BenchAuthority authority)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gate", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"spiffe://agents.example/guard/gate-{Environment.TickCount64}"));
        request.CertificateExtensions.Add(names.Build());
        Certificate certificate = await authority.EnrollAsync(Pkcs10Request.Parse(request.CreateSigningRequest()), await authority.CredentialAsync(pattern: "/guard/*"));
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(certificate.Der.Span);
        return bare.CopyWithPrivateKey(key);
    }

    private static X509Certificate2 SelfSigned()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    private static TimeSpan Cpu() => Process.GetCurrentProcess().TotalProcessorTime;

    private static void Report(string text) => Console.Out.WriteLine(text);

    private sealed record Agent(DecisionSubject Subject, int Team, string Thumbprint);

    private sealed class Folder(string yaml) : IPolicyFolder
    {
        public IReadOnlyList<PolicyFile> Read() => [new PolicyFile("bench.yaml", Encoding.UTF8.GetBytes(yaml))];

        public void Write(string file, ReadOnlySpan<byte> text) => throw new NotSupportedException();
    }
}
