using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Demo;

/// <summary><c>agentpki demo</c> as a real process, with a folder of its own for its state.</summary>
internal sealed partial class DemoProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private DemoProcess(Process process, string state)
    {
        (_process, State) = (process, state);
        process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where its state is.</summary>
    public string State { get; }

    public string Home => Path.Combine(State, "home");

    public string Output => string.Join('\n', _output);

    public static DemoProcess Start(TempFolder folder, params string[] options)
    {
        var state = folder.File("demo");
        var start = new ProcessStartInfo("dotnet", [SourceTree.ServerAssembly, "demo", "--folder", state, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        Tool.CleanEnvironment(start);
        return new DemoProcess(Tool.Start(start, "agentpki demo"), state);
    }

    public async Task<int> WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    /// <summary>Until it has said a line with this text.</summary>
    public Task WaitForAsync(string text) =>
        Eventually.TrueAsync(() => Task.FromResult(_output.Any(l => l.Contains(text, StringComparison.Ordinal))), Limit, () => $"the demo does not say '{text}':\n{Output}", () => _process.HasExited);

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    public async Task InterruptAsync() => (await Tool.RunAsync("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)])).MustSucceed();

    /// <summary>The process that a line with this text names: "… (process 4711)".</summary>
    public int ProcessOf(string text) => int.Parse(ProcessId().Match(_output.First(l => l.Contains(text, StringComparison.Ordinal) && ProcessId().IsMatch(l))).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>Processes that work with its state: by their command lines, or the home in their environment.</summary>
    public IReadOnlyList<int> Left()
    {
        var found = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            try
            {
                if (File.ReadAllText($"{folder}/cmdline").Contains(State, StringComparison.Ordinal) || File.ReadAllText($"{folder}/environ").Contains($"AGENTPKI_HOME={Home}", StringComparison.Ordinal))
                {
                    found.Add(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is another user's.
            }
        }

        return found;
    }

    /// <summary>A verb of the executable on what it left.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) =>
        Tool.RunAsync("dotnet", [SourceTree.ServerAssembly, .. arguments], environment: new Dictionary<string, string> { ["AGENTPKI_HOME"] = Home, ["NO_COLOR"] = "1" });

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await InterruptAsync();
            await ((Task)WaitForExitAsync()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _process.Dispose();
    }

    [GeneratedRegex(@"\(process (\d+)\)")]
    private static partial Regex ProcessId();
}
