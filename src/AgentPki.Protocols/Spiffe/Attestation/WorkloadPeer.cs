using System.Globalization;
using System.Net.Sockets;
using AgentPki.Protocols.Http;
using Microsoft.Win32.SafeHandles;

namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>
/// The process at the other end of a connection of the Workload API: the numbers that the kernel wrote down when it connected (unix(7) SO_PEERCRED), and a handle of the process
/// itself, so that what is read about a number is about it, and not about whoever was given the number since.
/// </summary>
public sealed class WorkloadPeer : IDisposable
{
    private const int SolSocket = 1;
    private const int SoPeerPidfd = 77;
    private readonly SafeFileHandle _process;
    private readonly string _started;

    private WorkloadPeer(PeerCredentials credentials, SafeFileHandle process, string started) => (Credentials, _process, _started) = (credentials, process, started);

    public PeerCredentials Credentials { get; }

    /// <summary>Its folder in <c>/proc</c>: only what is read while <see cref="IsThere"/> holds before and after is about this process.</summary>
    public string Folder => FolderOf(Credentials.ProcessId);

    /// <summary>Who is at the other end; null when that process has ended, or is not to be seen from here (another PID namespace).</summary>
    public static WorkloadPeer? Of(Socket socket)
    {
        var credentials = PeerCredentials.Of(socket);
        if (credentials.ProcessId <= 0 || (FromSocket(socket) ?? Open(credentials.ProcessId)) is not { } process)
        {
            return null;
        }

        var peer = StartOf(credentials.ProcessId) is { } started ? new WorkloadPeer(credentials, process, started) : null;
        if (peer is { IsThere: true })
        {
            return peer;
        }

        process.Dispose();
        return null;
    }

    /// <summary>A process by its number, as an administrator names it; null when there is none.</summary>
    public static WorkloadPeer? Of(int processId)
    {
        if (Open(processId) is not { } process)
        {
            return null;
        }

        if (ReadStatus(processId) is { } status && StartOf(processId) is { } started)
        {
            return new WorkloadPeer(new PeerCredentials(processId, status.User, status.Group), process, started);
        }

        process.Dispose();
        return null;
    }

    /// <summary>Whether it lives, and its number is still its own.</summary>
    public bool IsThere
    {
        get
        {
            var descriptor = new NativeMethods.PollDescriptor { Descriptor = (int)_process.DangerousGetHandle(), Events = NativeMethods.PollIn };
            return !_process.IsClosed && NativeMethods.Poll(ref descriptor, 1, 0) == 0 && StartOf(Credentials.ProcessId) == _started;
        }
    }

    public void Dispose() => _process.Dispose();

    // Linux 6.5 and newer: the very process that connected, whatever has become of its number.
    private static SafeFileHandle? FromSocket(Socket socket)
    {
        Span<byte> descriptor = stackalloc byte[sizeof(int)];
        try
        {
            return socket.GetRawSocketOption(SolSocket, SoPeerPidfd, descriptor) == sizeof(int) ? new SafeFileHandle(BitConverter.ToInt32(descriptor), ownsHandle: true) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    // Older ones: the process that has the number now; it was the peer's when this was called right after the connection, unless it ended in between.
    private static SafeFileHandle? Open(int processId) =>
        NativeMethods.SystemCall(NativeMethods.PidfdOpen, processId, 0) is >= 0 and var descriptor ? new SafeFileHandle((nint)descriptor, ownsHandle: true) : null;

    // proc(5): field 22 of stat, in ticks since boot. The second field is a name in parentheses, which may contain anything.
    private static string? StartOf(int processId)
    {
        try
        {
            var text = File.ReadAllText($"{FolderOf(processId)}/stat");
            return text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 19 } fields ? fields[19] : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static (uint User, uint Group)? ReadStatus(int processId) =>
        ProcessStatus.Read(FolderOf(processId)) is { } status ? (status.User, status.Group) : null;

    private static string FolderOf(int processId) => string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
}
