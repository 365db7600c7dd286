using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using AgentPki.Integration.Harness;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;

namespace AgentPki.Integration.Witnessing;

/// <summary><c>agentpki witness</c> in a process of its own, with a home, a port and keys of its own.</summary>
internal sealed class WitnessProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private Process? _process;

    private WitnessProcess(string name, int port) => (Name, Port) = (name, port);

    public string Name { get; }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    public string Home => _folder.File("witness");

    public string Output => string.Join('\n', _output);

    /// <summary>What its cosignatures are verified with.</summary>
    public IReadOnlyList<NoteKey> Keys { get; private set; } = [];

    public static Task<WitnessProcess> StartNewAsync(string name = "witness.test/w1", IReadOnlyDictionary<string, string>? environment = null) => StartNewAsync(name, environment, _ => []);

    /// <summary>One whose keys are in a SoftHSM token of its own, which lies in its home.</summary>
    public static Task<WitnessProcess> StartNewInTokenAsync(string name = "witness.test/w1") => StartNewAsync(name, null, witness => witness.MakeToken());

    private static async Task<WitnessProcess> StartNewAsync(string name, IReadOnlyDictionary<string, string>? environment, Func<WitnessProcess, string[]> keys)
    {
        var witness = new WitnessProcess(name, FreePorts.Pair().First);
        var printed = (await witness.RunAsync(["init", "--name", name, "--listen", $"127.0.0.1:{witness.Port}", .. keys(witness)])).MustSucceed().Text;
        witness.Keys = [.. printed.Split('\n').Select(line => NoteKey.TryParse(line, out var key) ? key : null).OfType<NoteKey>()];
        Assert.NotEmpty(witness.Keys);
        await witness.StartAsync(environment);
        return witness;
    }

    public async Task StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = Command(["serve"]);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process?.Dispose();
        var process = _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Eventually.TrueAsync(async () => await GetAsync("readyz") is (HttpStatusCode.OK, _), StartLimit, () => $"the witness is not ready:\n{Output}", () => process.HasExited);
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

    /// <summary>A verb of <c>agentpki witness</c> on its home.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments)
    {
        var start = Command(arguments);
        return Tool.RunAsync(start.FileName, start.ArgumentList, folder: start.WorkingDirectory, environment: start.Environment.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!));
    }

    public async Task WatchAsync(params string[] vkeys) => (await RunAsync(["add", .. vkeys])).MustSucceed();

    /// <summary>Submits; null when it did not answer.</summary>
    public async Task<(HttpStatusCode Status, string Text)?> AddAsync(WitnessRequest request)
    {
        try
        {
            using var answer = await _http.PostAsync(new Uri($"{Url}/add-checkpoint"), new ByteArrayContent(Encoding.UTF8.GetBytes(request.ToString())));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>The last head that it says it has cosigned.</summary>
    public async Task<SignedCheckpoint?> LastAsync(string origin) =>
        await GetAsync($"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(origin)))}/checkpoint") is (HttpStatusCode.OK, var text)
        && SignedCheckpoint.TryParse(text, out var checkpoint, out _) ? checkpoint : null;

    public async Task<(HttpStatusCode Status, string Text)?> GetAsync(string path)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri($"{Url}/{path}"));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
        _http.Dispose();
        _folder.Dispose();
    }

    /// <returns>What <c>init</c> is told of it.</returns>
    private string[] MakeToken()
    {
        var (pin, officerPin) = (_folder.File("pin"), _folder.File("so-pin"));
        Pkcs11.PinFile.CreateRandom(pin);
        Pkcs11.PinFile.CreateRandom(officerPin);
        var kind = Pkcs11.TokenDescription.Shipped("softhsm");
        Directory.CreateDirectory(Home);
        Pkcs11.Administration.TokenAdministration.EnsureToken(
            new Pkcs11.Pkcs11Options
            {
                Name = "witness", ModulePath = kind.FindModule() ?? "", TokenLabel = "witness", Pin = new Pkcs11.PinInFile(pin), Token = kind, Environment = Pkcs11.Administration.TokenHome.Prepare(kind, Home),
            },
            officerPin);
        return ["--token-kind", "softhsm", "--token-label", "witness", "--pin-file", pin];
    }

    private ProcessStartInfo Command(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [SourceTree.ServerAssembly, "witness", .. arguments, "--home", Home])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = _folder.Path,
        };
        Tool.CleanEnvironment(start);
        start.Environment["NO_COLOR"] = "1";
        return start;
    }
}
