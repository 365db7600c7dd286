using System.Diagnostics;

namespace AgentPki.Integration.Spiffe;

/// <summary>A workload's process: says a line for each thing that it has seen, and ends itself when something does not stand.</summary>
internal sealed class GoWorkload : IAsyncDisposable
{
    private readonly Process _process;

    private GoWorkload(Process process) => _process = process;

    public static GoWorkload Start(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new GoWorkload(Process.Start(start)!);
    }

    /// <summary>The next line that begins so.</summary>
    public async Task<string> UntilAsync(string beginning)
    {
        var stop = TestContext.Current.CancellationToken;
        while (await _process.StandardOutput.ReadLineAsync(stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), stop) is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        Assert.Fail($"It ended before '{beginning}': {await _process.StandardError.ReadToEndAsync(stop)}");
        return "";
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }
}
