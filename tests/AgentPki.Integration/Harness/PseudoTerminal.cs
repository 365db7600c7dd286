using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace AgentPki.Integration.Harness;

/// <summary>
/// A command at a terminal of its own, as a person has it: a pseudo-terminal is its controlling terminal and its three streams (pty(7)). What it shows is
/// kept; a test waits for a text and types.
/// </summary>
internal sealed partial class PseudoTerminal : IAsyncDisposable
{
    private const int ReadWrite = 2, NoControllingTerminal = 0x100, CloseOnExec = 0x80000; // fcntl.h of Linux
    private const int TermiosSize = 64, LocalFlags = 12;
    private const uint EchoFlag = 0x8; // asm-generic/termbits.h
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly SafeFileHandle _master;
    private readonly FileStream _line;
    private readonly Process _process;
    private readonly Task _reading;
    private readonly StringBuilder _shown = new();
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _more = new(0);
    private int _position;

    private PseudoTerminal(SafeFileHandle master, Process process)
    {
        (_master, _process, _line) = (master, process, new FileStream(master, FileAccess.ReadWrite, bufferSize: 0));
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Everything that was shown, echoes of what was typed among it, without the terminal's control sequences.</summary>
    public string Shown
    {
        get
        {
            lock (_lock)
            {
                return ControlSequences().Replace(_shown.ToString(), "").Replace("\r\n", "\n", StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Whether the terminal shows what is typed.</summary>
    public bool Echoes
    {
        get
        {
            Span<byte> attributes = stackalloc byte[TermiosSize];
            Assert.Equal(0, GetAttributes(_master, attributes));
            return (MemoryMarshal.Read<uint>(attributes[LocalFlags..]) & EchoFlag) != 0;
        }
    }

    /// <summary>Starts a command; util-linux's setsid makes the terminal its controlling one.</summary>
    public static PseudoTerminal Start(ProcessStartInfo command, int columns = 160)
    {
        var master = OpenMaster(ReadWrite | NoControllingTerminal | CloseOnExec);
        Span<byte> name = stackalloc byte[64];
        if (master.IsInvalid || Grant(master) != 0 || Unlock(master) != 0 || NameOf(master, name, name.Length) != 0)
        {
            throw new InvalidOperationException($"no pseudo-terminal: error {Marshal.GetLastPInvokeError()}");
        }

        // The shell opens it and setsid takes it; both become the command, so that the process here is the command itself.
        var start = new ProcessStartInfo("sh", ["-c", $"exec <\"$0\" >\"$0\" 2>&1; stty cols {columns} rows 50; exec setsid --ctty \"$@\"", Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]), command.FileName, .. command.ArgumentList])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingDirectory,
        };
        start.Environment.Clear();
        foreach (var (variable, value) in command.Environment)
        {
            start.Environment[variable] = value;
        }

        start.Environment["TERM"] = "xterm";
        return new PseudoTerminal(master, Tool.Start(start, $"{command.FileName} {string.Join(' ', command.ArgumentList)}"));
    }

    /// <summary>Waits until this is shown, after what was waited for before. Null: the command ended before.</summary>
    public async Task<Match?> FindAsync(Regex text)
    {
        using var timeout = new CancellationTokenSource(Limit);
        while (true)
        {
            var ended = _reading.IsCompleted;
            lock (_lock)
            {
                if (text.Match(_shown.ToString(), _position) is { Success: true } match)
                {
                    _position = match.Index + match.Length;
                    return match;
                }
            }

            if (ended)
            {
                await _reading;
                return null;
            }

            try
            {
                await Task.WhenAny(_reading, _more.WaitAsync(timeout.Token));
                timeout.Token.ThrowIfCancellationRequested();
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"waited {Limit.TotalSeconds} s for /{text}/; shown was:\n{Shown}");
            }
        }
    }

    /// <summary>As above; that the command ends before is a failure.</summary>
    public async Task<Match> ExpectAsync(string text) =>
        await FindAsync(new Regex(text)) is { } match ? match : throw new Xunit.Sdk.XunitException($"the command ended (exit code {await EndAsync()}) before it showed /{text}/:\n{Shown}");

    /// <summary>Types a line and the return key.</summary>
    public void Type(string line) => Press(Encoding.UTF8.GetBytes(line + "\r"));

    /// <summary>Presses Ctrl-C: the terminal makes a signal of it.</summary>
    public void Interrupt() => Press([3]);

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for the command's end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        using var timeout = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
            await _reading.WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the command does not end; shown was:\n{Shown}");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _line.DisposeAsync();
        _process.Dispose();
        _more.Dispose();
    }

    private void Press(ReadOnlySpan<byte> keys) => _line.Write(keys);

    private void Read()
    {
        var (octets, characters, decoder) = (new byte[4096], new char[4096], Encoding.UTF8.GetDecoder());
        try
        {
            while (_line.Read(octets) is > 0 and var read)
            {
                var decoded = decoder.GetChars(octets, 0, read, characters, 0);
                lock (_lock)
                {
                    _shown.Append(characters, 0, decoded);
                }

                _more.Release();
            }
        }
        catch (IOException)
        {
            // EIO: nobody has the terminal open any more.
        }
    }

    [GeneratedRegex(@"\x1b(\[[0-9;?]*[A-Za-z]|[=>])")]
    private static partial Regex ControlSequences();

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Grant(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unlock(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NameOf(SafeFileHandle master, Span<byte> name, nint length);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetAttributes(SafeFileHandle master, Span<byte> attributes);
}
