using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentPki.Pkcs11.Native;

/// <summary>What a module needs from the C library before it is loaded.</summary>
public static partial class NativeLibraries
{
    private static readonly Lock Gate = new();
    private static bool _resolverSet;

    /// <summary>
    /// Sets a variable in the native environment. <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes only .NET's copy, which a
    /// module's getenv never sees.
    /// </summary>
    /// <remarks>
    /// Not by setenv: it moves and frees the block that another thread's getenv may be reading (glibc before 2.41), and the process dies of it. A new block
    /// takes the old one's place in one store, and the old one stays for whoever reads it: some kilobytes, a few times in a process's life.
    /// </remarks>
    public static unsafe void SetEnvironment(string name, string value)
    {
        lock (Gate)
        {
            var environ = (byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
            var old = *environ;
            var count = 0;
            while (old is not null && old[count] is not null)
            {
                count++;
            }

            var block = (byte**)NativeMemory.AllocZeroed((nuint)(count + 2), (nuint)sizeof(byte*));
            var kept = 0;
            for (var i = 0; i < count; i++)
            {
                if (!Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(old[i])).StartsWith($"{name}=", StringComparison.Ordinal))
                {
                    block[kept++] = old[i];
                }
            }

            block[kept] = (byte*)Marshal.StringToCoTaskMemUTF8($"{name}={value}");
            Volatile.Write(ref *(nint*)environ, (nint)block);
        }
    }

    /// <summary>Loads a shared library globally, for modules whose siblings are not on the loader's path.</summary>
    /// <exception cref="DllNotFoundException">The loader refused it; the message carries its reason.</exception>
    public static void Preload(string path)
    {
        const int now = 2, global = 0x100;
        if (DlOpen(path, now | global) == IntPtr.Zero)
        {
            throw new DllNotFoundException($"{path} cannot be loaded: {Marshal.PtrToStringUTF8(DlError())}");
        }
    }

    /// <summary>glibc 2.34 and later have no libdl.so, which Pkcs11Interop imports by that name.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void EnsureLoaderIsFound()
    {
        lock (Gate)
        {
            if (!_resolverSet)
            {
                NativeLibrary.SetDllImportResolver(typeof(Net.Pkcs11Interop.Common.Pkcs11Exception).Assembly, ResolveLoader);
                _resolverSet = true;
            }
        }
    }

    private static IntPtr ResolveLoader(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "libdl" && NativeLibrary.TryLoad("libdl.so.2", out var handle) ? handle : IntPtr.Zero;

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial IntPtr DlOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial IntPtr DlError();
}
