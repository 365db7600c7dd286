using System.Runtime.InteropServices;

namespace AgentPki.Server.Home;

/// <summary>The few libc calls that .NET does not offer.</summary>
internal static partial class NativeMethods
{
    /// <summary><c>AT_FDCWD</c>: relative to the current folder.</summary>
    internal const int CurrentFolder = -100;

    /// <summary><c>STATX_UID</c>.</summary>
    internal const uint WantOwner = 0x8;

    /// <summary><c>O_RDONLY | O_CLOEXEC</c>.</summary>
    internal const int OpenReadOnlyFlags = 0x80000;

    /// <summary><c>O_PATH | O_DIRECTORY | O_CLOEXEC</c>: a handle that only names the folder.</summary>
    internal static int OpenFolderFlags => 0x200000 | 0x80000 | (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000);

    [LibraryImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial uint SetFileModeMask(uint mask);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial uint EffectiveUser();

    /// <summary><c>SIGINT</c>.</summary>
    internal const int Interrupt = 2;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Statx(int folder, string path, int flags, uint mask, out StatxResult result);

    /// <summary><c>struct statx</c> (Linux, the same on every processor); 256 octets, of which the owner is read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxResult
    {
        [FieldOffset(20)]
        internal uint Owner;
    }
}
