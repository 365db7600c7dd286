using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Demo.Stage;

/// <summary>A process of the story: what it says goes into its log, and line by line to whoever listens. It is ended by its id, and gently.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int Remembered = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _last = new();
    private readonly Lock _logging = new();
    private readonly string _name;
    private readonly Process _process;
    private readonly StreamWriter _log;

    private ChildProcess(string name, Process process, StreamWriter log)
    {
        (_name, _process, _log) = (name, process, log);
        process.OutputDataReceived += (_, line) => Hear(line.Data, isAnswer: true);
        process.ErrorDataReceived += (_, line) => Hear(line.Data, isAnswer: false);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal int Id => _process.Id;

    internal bool HasEnded => _process.HasExited;

    /// <summary>What it writes to its standard output, until that ends.</summary>
    internal ChannelReader<string> Lines => _lines.Reader;

    /// <exception cref="CommandException">It cannot be started.</exception>
    internal static ChildProcess Start(string name, ProcessStartInfo start, string log)
    {
        // First the log: where it cannot be opened, no process runs on that nobody knows.
        var writer = new StreamWriter(log) { AutoFlush = true };
        try
        {
            return new ChildProcess(name, Process.Start(start) ?? throw new CommandException(ExitCodes.Environment, $"{start.FileName} was not started.", "Run the command again."), writer);
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            writer.Dispose();
            throw new CommandException(ExitCodes.Environment, $"{start.FileName} cannot be run: {failure.Message}", "Name a folder from which programs may be run with --folder.", failure);
        }
    }

    /// <summary>Until it says a line that begins so.</summary>
    /// <exception cref="CommandException">It has ended, or is silent for too long.</exception>
    internal async Task<string> WaitForAsync(string beginning, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(either.Token))
            {
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure(string.Create(CultureInfo.InvariantCulture, $"did not say '{beginning}' within {limit.TotalSeconds} s"));
        }

        throw Failure("ended");
    }

    /// <exception cref="CommandException">It has ended.</exception>
    internal async Task SendAsync(string line)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            throw Failure("ended");
        }
    }

    /// <summary>What went wrong with it, and what it said last.</summary>
    internal CommandException Failure(string what) => new(ExitCodes.CheckFailed, $"The {_name} {what}. It said last: {string.Join(" | ", _last.TakeLast(3))}", "Its log says more.");

    /// <summary>The end of its input, an interrupt, and after a while the end.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            _ = NativeMethods.Kill(_process.Id, NativeMethods.Interrupt);
            using var patience = new CancellationTokenSource(Patience);
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited)
            {
                _process.Kill();
            }
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        lock (_logging)
        {
            _log.Dispose();
        }
    }

    private void Hear(string? line, bool isAnswer)
    {
        if (line is null)
        {
            _ = isAnswer && _lines.Writer.TryComplete();
            return;
        }

        lock (_logging)
        {
            _log.WriteLine(line);
        }

        _last.Enqueue(line);
        while (_last.Count > Remembered && _last.TryDequeue(out _))
        {
            // Only the last lines are told.
        }

        _ = isAnswer && _lines.Writer.TryWrite(line);
    }
}
