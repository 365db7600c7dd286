using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Integration.Harness;

/// <summary>
/// The real executable in a process of its own, with a home, ports and a SoftHSM token of its own. Killing it is killing that
/// one process; starting it again goes on with the same home.
/// </summary>
internal sealed class Appliance : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly TempFolder folder;
    private readonly ConcurrentQueue<string> output = new();
    private ApplianceOptions options;
    private Process? process;
    private int outputBeforeStart;

    private Appliance(ApplianceOptions options)
    {
        this.options = options;
        folder = new TempFolder(options.Parent);
        Home = options.Home ?? folder.File("home");
        (HttpsPort, HttpPort) = FreePorts.Pair();
        Cli = new ApplianceCli(this);
    }

    public string Home { get; }

    public int HttpsPort { get; }

    public int HttpPort { get; }

    public ApplianceCli Cli { get; }

    public int ProcessId => process?.Id ?? throw new InvalidOperationException("the appliance does not run");

    public bool IsRunning => process is { HasExited: false };

    /// <summary>Everything it has written to its standard output and error, over all its starts.</summary>
    public string Output => string.Join('\n', output);

    public string EstUrl => $"https://localhost:{HttpsPort}/.well-known/est";

    public string AnchorsFile => Path.Combine(Home, "anchors", "root.pem");

    public string ChainFile => Path.Combine(Home, "anchors", "chain.pem");

    /// <summary>The development credential, <c>name:secret</c>: any number of uses.</summary>
    public string Credential => File.ReadAllText(Path.Combine(Home, "dev", "enroll-token")).Trim();

    public X509Certificate2Collection Anchors()
    {
        var anchors = new X509Certificate2Collection();
        anchors.ImportFromPemFile(AnchorsFile);
        return anchors;
    }

    public RawClient Https() => new(HttpsPort, Anchors());

    public RawClient Http() => new(HttpPort, null);

    /// <summary>A fresh home, made and served by <c>agentpki up</c>, ready to issue.</summary>
    public static async Task<Appliance> StartNewAsync(ApplianceOptions? options = null)
    {
        var appliance = new Appliance(options ?? new ApplianceOptions());
        try
        {
            await appliance.StartAsync();
            return appliance;
        }
        catch
        {
            await appliance.DisposeAsync();
            throw;
        }
    }

    /// <summary>A home that is not there yet, with ports of its own: something else makes it.</summary>
    public static Appliance Unmade(ApplianceOptions? options = null) => new(options ?? new ApplianceOptions());

    /// <summary>Starts on the home as it is, with these variables only, and waits until it can issue.</summary>
    public async Task StartAgainAsync(IReadOnlyDictionary<string, string> environment)
    {
        options = options with { Environment = environment };
        await StartAsync();
    }

    /// <summary>Starts on the home as it is, with these after <c>up</c>, and waits until it has told its story.</summary>
    public async Task StartWithAsync(IReadOnlyList<string> upArguments)
    {
        options = options with { UpArguments = upArguments };
        await StartAsync();
    }

    /// <summary>
    /// Starts on the home as it is and waits until <c>up</c> has told its story. Between <c>/readyz</c> and that it still enrols its sample
    /// agent: whatever a test does to the appliance meanwhile would be done to that enrolment, and <c>up</c> would rightly end.
    /// </summary>
    public async Task StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        await StartUntilReadyAsync(environment);
        if (options.Home is null)
        {
            await WaitForStoryAsync();
        }
    }

    /// <summary>Starts on the home as it is and waits only until it can issue: for tests that kill it wherever it is.</summary>
    public async Task StartUntilReadyAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        Launch(environment);
        await WaitReadyAsync(StartLimit);
    }

    /// <summary>Starts the process and waits for nothing.</summary>
    public void Launch(IReadOnlyDictionary<string, string>? environment = null)
    {
        outputBeforeStart = output.Count;
        var start = Command(options.Home is null ? ["up", .. options.UpArguments] : ["serve"], environment);
        process?.Dispose();
        process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.OutputDataReceived += (_, line) => Remember(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
        }

        await WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>SIGINT, as a person ends it once <c>up</c> has told its story (before that it counts as interrupted); returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (options.Home is null)
        {
            await WaitForStoryAsync();
        }

        (await Tool.RunAsync("kill", ["-INT", ProcessId.ToString()])).MustSucceed();
        return await WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        await process!.WaitForExitAsync(timeout.Token);
        return process.ExitCode;
    }

    /// <summary>Waits until <c>/readyz</c> says 200.</summary>
    public async Task WaitReadyAsync(TimeSpan limit) =>
        await Eventually.TrueAsync(
            async () => await ReadyStatusAsync() == HttpStatusCode.OK,
            limit,
            () => $"the appliance in {Home} is not ready{(_unready.Length > 0 ? $": {_unready}" : "")}.{(IsRunning ? "" : $" It ended with exit code {process?.ExitCode}.")}\n{Output}",
            giveUp: () => !IsRunning);

    // What /readyz said last when it said no.
    private string _unready = "";

    /// <summary>The status of <c>/readyz</c>; null while nobody listens, or answers.</summary>
    public async Task<HttpStatusCode?> ReadyStatusAsync()
    {
        try
        {
            var answer = await Http().ExchangeAsync(Requests.Get("/readyz"));
            _unready = answer is null or { Status: 200 } ? "" : answer.Text.Trim();
            return (HttpStatusCode?)answer?.Status;
        }
        catch (Exception silence) when (silence is System.Net.Sockets.SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A start of the executable with this home and these ports.</summary>
    public ProcessStartInfo Command(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(options.DotNet, [SourceTree.ServerAssembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder.Path,
        };
        Tool.CleanEnvironment(start);
        start.Environment["AGENTPKI_HOME"] = Home;
        start.Environment["AGENTPKI_HTTPS_PORT"] = HttpsPort.ToString();
        start.Environment["AGENTPKI_HTTP_PORT"] = HttpPort.ToString();
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in options.Environment.Concat(environment ?? new Dictionary<string, string>()))
        {
            start.Environment[name] = value;
        }

        return start;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        process?.Dispose();
        folder.Dispose();
    }

    private async Task WaitForStoryAsync() =>
        await Eventually.TrueAsync(
            () => Task.FromResult(output.Skip(outputBeforeStart).Any(line => line.StartsWith("Serving until", StringComparison.Ordinal))),
            StartLimit,
            () => $"up does not say that it serves:\n{Output}",
            giveUp: () => !IsRunning);

    private void Remember(string? line)
    {
        if (line is not null)
        {
            output.Enqueue(line);
        }
    }
}

/// <summary>How a test wants its appliance.</summary>
internal sealed record ApplianceOptions
{
    /// <summary>Variables of the process, beside home and ports.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The .NET host that runs it; <see cref="PostQuantumParts.DotNet"/> for one whose OpenSSL knows post-quantum algorithms.</summary>
    public string DotNet { get; init; } = "dotnet";

    /// <summary>What follows <c>up</c>.</summary>
    public IReadOnlyList<string> UpArguments { get; init; } = [];

    /// <summary>A home whose ceremony was held, to be served as it is (<c>agentpki serve</c>); null: a new one, by <c>up</c>.</summary>
    public string? Home { get; init; }

    /// <summary>The folder to make the home in; null: the system's temporary one.</summary>
    public string? Parent { get; init; }
}
