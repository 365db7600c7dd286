using System.Diagnostics;
using System.Net;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Governance;

/// <summary>A production home: its CAs from a ceremony, its first administrators made at the machine, served by <c>agentpki serve</c>.</summary>
internal sealed class ProductionHome : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly List<string> output = [];
    private Process? process;

    private ProductionHome()
    {
        (HttpsPort, HttpPort) = FreePorts.Pair();
        (AdminPort, _) = FreePorts.Pair();
    }

    public TempFolder Folder { get; } = new();

    public string Home => Folder.File("home");

    public int HttpsPort { get; }

    public int HttpPort { get; }

    public int AdminPort { get; }

    private string Output
    {
        get
        {
            lock (output)
            {
                return string.Join('\n', output);
            }
        }
    }

    /// <summary>Made, with these administrators, and served.</summary>
    public static async Task<ProductionHome> StartNewAsync(params string[] officers)
    {
        var home = new ProductionHome();
        try
        {
            await home.MakeAsync();
            foreach (var name in officers)
            {
                (await home.RunAsync("admin", "request", name, "--no-passphrase")).MustSucceed();
            }

            (await home.RunAsync(["admin", "bootstrap", .. officers.Select(o => $"{o}={o}.csr"), "--role", "officer", "--role", "ca-administrator", "--role", "ra-administrator"])).MustSucceed();
            foreach (var name in officers)
            {
                await home.PutTogetherAsync(name);
            }

            await home.StartAsync();
            return home;
        }
        catch
        {
            await home.DisposeAsync();
            throw;
        }
    }

    /// <summary>A home that is not there yet, with ports of its own: something else makes it.</summary>
    public static ProductionHome Unmade() => new();

    /// <summary>A home without administrators, which does not run.</summary>
    public static async Task<ProductionHome> MakeNewAsync()
    {
        var home = new ProductionHome();
        await home.MakeAsync();
        return home;
    }

    public string File(string name) => Folder.File(name);

    public async Task PutTogetherAsync(string name) =>
        await System.IO.File.WriteAllTextAsync(File(name + ".pem"), await System.IO.File.ReadAllTextAsync(File(name + ".crt")) + await System.IO.File.ReadAllTextAsync(File(name + ".key")));

    public async Task StartAsync()
    {
        var start = Command(["serve"]);
        process?.Dispose();
        process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.OutputDataReceived += (_, line) => Remember(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Eventually.TrueAsync(IsReadyAsync, StartLimit, () => $"serve in {Home} is not ready:\n{Output}", () => process.HasExited);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    public Task<ToolResult> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <summary>As that administrator.</summary>
    public Task<ToolResult> AsAsync(string who, params string[] arguments) => RunAsync(null, [.. arguments, "--as", who + ".pem"]);

    public async Task<ToolResult> RunAsync(string? input, string[] arguments)
    {
        var start = Command(arguments);
        return await Tool.RunAsync(start.FileName, start.ArgumentList, input is null ? null : System.Text.Encoding.UTF8.GetBytes(input), start.WorkingDirectory, start.Environment.Where(p => p.Value is not null).ToDictionary(p => p.Key, p => p.Value!));
    }

    /// <summary>curl with a client certificate, over the port of the administrators' own.</summary>
    public async Task<(int Status, string Text)> CurlAsync(string? who, string method, string path, string? json = null, params string[] more)
    {
        string[] identity = who is null ? [] : ["--cert", File(who + ".crt"), "--key", File(who + ".key")];
        string[] body = json is null ? [] : ["-H", "Content-Type: application/json", "--data-binary", json];
        var answer = await Tool.RunAsync(
            "curl", ["-sS", "--noproxy", "*", "--cacert", Path.Combine(Home, "anchors", "root.pem"), "-w", "\n%{http_code}", "-X", method, .. identity, .. body, .. more, $"https://localhost:{AdminPort}/admin/v1/{path}"], folder: Folder.Path);
        var text = answer.MustSucceed().Text;
        var end = text.LastIndexOf('\n');
        return (int.Parse(text[(end + 1)..]), text[..end]);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process?.Dispose();
        Folder.Dispose();
    }

    private async Task MakeAsync()
    {
        (await RunAsync("ceremony", "--development")).MustSucceed();
        var file = Path.Combine(Home, "agentpki.yaml");
        var text = await System.IO.File.ReadAllTextAsync(file);
        Assert.Contains("\ndevelopment: true\n", text, StringComparison.Ordinal);
        await System.IO.File.WriteAllTextAsync(file, text.Replace("\ndevelopment: true\n", "\ndevelopment: false\n", StringComparison.Ordinal));
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return (HttpStatusCode?)(await new RawClient(HttpPort, null).ExchangeAsync(Requests.Get("/readyz")))?.Status == HttpStatusCode.OK;
        }
        catch (Exception silence) when (silence is System.Net.Sockets.SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private ProcessStartInfo Command(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [SourceTree.ServerAssembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Folder.Path,
        };
        Tool.CleanEnvironment(start);
        start.Environment["AGENTPKI_HOME"] = Home;
        start.Environment["AGENTPKI_HTTPS_PORT"] = HttpsPort.ToString();
        start.Environment["AGENTPKI_HTTP_PORT"] = HttpPort.ToString();
        start.Environment["AGENTPKI_ADMIN_PORT"] = AdminPort.ToString();
        start.Environment["NO_COLOR"] = "1";
        return start;
    }

    private void Remember(string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.Add(line);
            }
        }
    }
}
