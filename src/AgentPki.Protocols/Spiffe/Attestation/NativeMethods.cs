using System.Runtime.InteropServices;

namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>The few system calls that .NET does not offer.</summary>
internal static partial class NativeMethods
{
    /// <summary><c>AT_FDCWD</c>.</summary>
    internal const int CurrentFolder = -100;

    /// <summary><c>STATX_BASIC_STATS</c>.</summary>
    internal const uint BasicStats = 0x7ff;

    /// <summary><c>SYS_pidfd_open</c>, the same on every processor.</summary>
    internal const long PidfdOpen = 434;

    /// <summary><c>POLLIN</c>: of a pidfd, that its process has ended (pidfd_open(2)).</summary>
    internal const short PollIn = 1;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial long SystemCall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Poll(ref PollDescriptor descriptors, ulong count, int timeout);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Statx(int folder, string path, int flags, uint mask, out StatxResult result);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    /// <summary><c>struct statx</c> (Linux, the same on every processor), 256 octets: which file it is, and whether it is still the same octets.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxResult
    {
        [FieldOffset(32)]
        internal ulong Inode;

        [FieldOffset(40)]
        internal ulong Length;

        [FieldOffset(96)]
        internal long ChangedSeconds;

        [FieldOffset(104)]
        internal uint ChangedNanoseconds;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;
    }
}
