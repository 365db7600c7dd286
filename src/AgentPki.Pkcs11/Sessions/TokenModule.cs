using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// A loaded and initialised module. One per path and process: a second library object of the same module would finalize it for everyone when disposed.
/// </summary>
internal sealed class TokenModule : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, TokenModule> Loaded = new(StringComparer.Ordinal);

    private readonly string _path;
    private int _users;

    private TokenModule(string path)
    {
        _path = path;
        Library = Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, path, AppType.MultiThreaded);
    }

    public static Pkcs11InteropFactories Factories { get; } = new();

    public IPkcs11Library Library { get; private set; }

    /// <summary>Loads and initialises the module, or joins the one that is loaded. The environment counts only for the first.</summary>
    public static TokenModule Acquire(string path, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> preload)
    {
        NativeLibraries.EnsureLoaderIsFound();
        var full = Path.GetFullPath(path);
        lock (Gate)
        {
            if (!Loaded.TryGetValue(full, out var module))
            {
                foreach (var (name, value) in environment)
                {
                    NativeLibraries.SetEnvironment(name, value);
                }

                foreach (var sibling in preload)
                {
                    NativeLibraries.Preload(Path.Combine(Path.GetDirectoryName(full)!, sibling));
                }

                Loaded[full] = module = new TokenModule(full);
            }

            module._users++;
            return module;
        }
    }

    /// <summary>C_Finalize and C_Initialize, for a module that does not see its token come back. Only when one provider uses it; false otherwise.</summary>
    public bool Restart()
    {
        lock (Gate)
        {
            if (_users != 1)
            {
                return false;
            }

            Library.Dispose();
            Library = Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, _path, AppType.MultiThreaded);
            return true;
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (--_users == 0)
            {
                Loaded.Remove(_path);
                Library.Dispose();
            }
        }
    }
}
