using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Guard;

/// <summary><c>agentpki guard</c> in a process of its own before a service; it enrols itself at the appliance.</summary>
internal sealed class GuardProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly Appliance _appliance;
    private readonly IReadOnlyList<string> _arguments;
    private readonly ConcurrentQueue<string> _output = new();
    private Process? _process;

    private GuardProcess(Appliance appliance, IReadOnlyList<string> arguments, int port, int adminPort) => (_appliance, _arguments, Port, AdminPort) = (appliance, arguments, port, adminPort);

    public int Port { get; }

    public int AdminPort { get; }

    public string Output => string.Join('\n', _output);

    public Uri Url => new($"https://localhost:{Port}/");

    /// <summary>Before a service, current.</summary>
    public static async Task<GuardProcess> StartAsync(Appliance appliance, TempFolder folder, Uri upstream, params string[] more)
    {
        var (port, adminPort) = FreePorts.Pair();
        var credential = folder.File("guard-credential");
        await File.WriteAllTextAsync(credential, await appliance.Cli.NewCredentialAsync());
        return await StartAsync(appliance, port, adminPort, [
            "--listen", $"127.0.0.1:{port}", "--upstream", upstream.OriginalString, "--certificate", folder.File("guard.pem"), "--key", folder.File("guard.key"),
            "--est", $"https://localhost:{appliance.HttpsPort}", "--credential", credential, "--name", "localhost", .. Common(appliance, folder, adminPort), .. more]);
    }

    /// <summary>Only CRL files.</summary>
    public static async Task<GuardProcess> StartListsAsync(Appliance appliance, TempFolder folder, string lists, params string[] more)
    {
        var (port, adminPort) = FreePorts.Pair();
        Directory.CreateDirectory(lists);
        return await StartAsync(appliance, port, adminPort, ["--crl-dir", lists, .. Common(appliance, folder, adminPort), .. more]);
    }

    public async Task StartAgainAsync()
    {
        var start = _appliance.Command(["guard", .. _arguments]);
        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.TrueAsync(async () => (await HealthAsync()).Status == HttpStatusCode.OK, StartLimit, () => $"the guard is not healthy:\n{Output}", () => _process.HasExited);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    public async Task<(HttpStatusCode? Status, string Text)> HealthAsync(string path = "healthz")
    {
        using var http = new HttpClient();
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{AdminPort}/{path}"));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            return (null, "");
        }
    }

    /// <summary>A client of the guard that keeps its connections.</summary>
    public HttpClient Client(EnrolledAgent? agent, int version = 1)
    {
        var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10), UseProxy = false };
        handler.SslOptions = TlsOptions(agent);
        return new HttpClient(handler) { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60), DefaultRequestVersion = new Version(version, version == 1 ? 1 : 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    /// <summary>Verifies the guard by the appliance's root.</summary>
    public SslClientAuthenticationOptions TlsOptions(EnrolledAgent? agent)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(_appliance.Anchors());
        return new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = policy,
            ClientCertificateContext = agent is null ? null : SslStreamCertificateContext.Create(agent.Certificate, null, offline: true),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
    }

    private static async Task<GuardProcess> StartAsync(Appliance appliance, int port, int adminPort, IReadOnlyList<string> arguments)
    {
        var guard = new GuardProcess(appliance, arguments, port, adminPort);
        try
        {
            await guard.StartAgainAsync();
            return guard;
        }
        catch
        {
            await guard.DisposeAsync();
            throw;
        }
    }

    private static string[] Common(Appliance appliance, TempFolder folder, int adminPort)
    {
        var anchors = folder.File("ca.pem");
        File.WriteAllText(anchors, File.ReadAllText(appliance.AnchorsFile) + File.ReadAllText(appliance.ChainFile));
        return ["--appliance", $"http://127.0.0.1:{appliance.HttpPort}", "--ca", anchors, "--admin", $"{adminPort}"];
    }
}
