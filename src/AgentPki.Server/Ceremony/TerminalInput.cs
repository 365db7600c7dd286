using System.Runtime.InteropServices;
using System.Text;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Ceremony;

/// <summary>
/// Reads lines that people type at a terminal, by read(2): a passphrase is never shown, not even what is typed before the prompt is there, and never lies
/// in a string or in a buffer of the runtime.
/// </summary>
internal static partial class TerminalInput
{
    private const int StandardInput = 0, Longest = 1024, AfterOutputFlushInput = 2, PollMilliseconds = 200;
    private const short PollIn = 1;

    // struct termios of glibc and musl: c_iflag, c_oflag, c_cflag, c_lflag (4 octets each), …; 60 octets.
    private const int TermiosSize = 64, LocalFlags = 12;
    private const uint Echo = 0x8; // asm-generic/termbits.h

    /// <summary>A line without its end; null at the end of input.</summary>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public static string? ReadLine(Terminal terminal, string prompt, CancellationToken cancellationToken)
    {
        Prompt(terminal, prompt);
        using var line = new PinnedMemory(Longest);
        return Read(line.GetSpan(), cancellationToken) is >= 0 and var length ? Encoding.UTF8.GetString(line.GetSpan()[..length]).Trim() : null;
    }

    /// <summary>A passphrase in UTF-8, in memory that is zeroized when it is disposed; the second value is its length.</summary>
    /// <exception cref="CommandException">There is no terminal.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public static (PinnedMemory Memory, int Length) ReadHidden(Terminal terminal, string prompt, CancellationToken cancellationToken)
    {
        RequireTerminal();
        Span<byte> before = stackalloc byte[TermiosSize];
        Span<byte> hidden = stackalloc byte[TermiosSize];
        if (GetAttributes(StandardInput, before) != 0)
        {
            throw NoTerminal();
        }

        before.CopyTo(hidden);
        ref var flags = ref MemoryMarshal.AsRef<uint>(hidden[LocalFlags..]);
        flags &= ~Echo;
        // Before the prompt, and what was typed before it is thrown away (as getpass does).
        _ = SetAttributes(StandardInput, AfterOutputFlushInput, hidden);
        var memory = new PinnedMemory(Longest);
        try
        {
            Prompt(terminal, prompt);
            return (memory, Math.Max(0, Read(memory.GetSpan(), cancellationToken)));
        }
        catch
        {
            ((IDisposable)memory).Dispose();
            throw;
        }
        finally
        {
            _ = SetAttributes(StandardInput, AfterOutputFlushInput, before);
            terminal.RawOutput.WriteLine();
        }
    }

    /// <exception cref="CommandException">Standard input is no terminal.</exception>
    public static void RequireTerminal()
    {
        Span<byte> attributes = stackalloc byte[TermiosSize];
        if (GetAttributes(StandardInput, attributes) != 0)
        {
            throw NoTerminal();
        }
    }

    private static CommandException NoTerminal() =>
        new(ExitCodes.Usage, "A passphrase is typed at a terminal, and standard input is none.", "Run the command at a terminal; a passphrase never comes from a file or a pipe.");

    private static void Prompt(Terminal terminal, string prompt)
    {
        terminal.RawOutput.Write(prompt);
        terminal.RawOutput.Flush();
    }

    /// <summary>Octets up to the line's end; -1 at the end of input.</summary>
    private static int Read(Span<byte> line, CancellationToken cancellationToken)
    {
        var length = 0;
        Span<byte> one = stackalloc byte[1];
        while (true)
        {
            WaitForInput(cancellationToken);
            // One at a time: what belongs to the next line stays in the kernel.
            if (ReadOctets(StandardInput, one, 1) != 1)
            {
                return length == 0 ? -1 : length;
            }

            if (one[0] is (byte)'\n' or (byte)'\r')
            {
                return length;
            }

            if (length < line.Length)
            {
                line[length++] = one[0];
            }

            one[0] = 0;
        }
    }

    private static void WaitForInput(CancellationToken cancellationToken)
    {
        var descriptor = new PollDescriptor { Descriptor = StandardInput, Events = PollIn };
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Poll(ref descriptor, 1, PollMilliseconds) > 0)
            {
                return;
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetAttributes(int descriptor, Span<byte> attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetAttributes(int descriptor, int when, ReadOnlySpan<byte> attributes);

    [LibraryImport("libc", EntryPoint = "read"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint ReadOctets(int descriptor, Span<byte> octets, nint count);

    [LibraryImport("libc", EntryPoint = "poll"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);
}
