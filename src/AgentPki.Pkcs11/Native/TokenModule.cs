using System.Collections.Frozen;
using AgentPki.Pkcs11.Errors;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Native;

/// <summary>
/// One PKCS#11 module of this process: loaded once and never unloaded (modules register exit handlers that do not survive it), initialised while somebody
/// uses it. A second library object of the same module would finalize it for everybody, so there is one per path.
/// </summary>
/// <remarks>
/// Calls into the module go through <see cref="Enter"/>, C_Initialize and C_Finalize through the exclusive side of the same gate: PKCS#11 v2.40 §5.4 leaves
/// undefined what a C_Finalize under a running call does.
/// </remarks>
#pragma warning disable CA1001 // Lives as long as the process: there is nobody to dispose its gate.
internal sealed class TokenModule
#pragma warning restore CA1001
{
    private static readonly Lock Registry = new();
    private static readonly Lock EnvironmentGate = new();
    private static readonly Dictionary<string, TokenModule> Loaded = new(StringComparer.Ordinal);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly ReaderWriterLockSlim _gate = new();
    private readonly Users _users = new();
    private readonly string _path;
    private bool _initialized;
    private bool _mayFinalize;
    private IReadOnlyDictionary<string, string> _environment = FrozenDictionary<string, string>.Empty;
    private long _generation;

    private TokenModule(string path)
    {
        _path = path;
        Library = new Pkcs11Library(path);
        Version32 = Cryptoki32.Find(path);
    }

    /// <summary>The functions of the module, one to one.</summary>
    public Pkcs11Library Library { get; }

    /// <summary>What v3.2 of the standard added; null where the module is older.</summary>
    public Cryptoki32? Version32 { get; }

    /// <summary>Counts C_Initialize: handles and sessions of an older generation mean nothing, or something else.</summary>
    public long Generation => Volatile.Read(ref _generation);

    /// <summary>Loads and initialises the module, or joins the one that is running.</summary>
    /// <exception cref="InvalidOperationException">It runs already with another environment, which it reads only when it is initialised.</exception>
    /// <exception cref="DllNotFoundException">The loader refused the module or a sibling.</exception>
    /// <exception cref="TokenCallException">The module refused to start.</exception>
    public static TokenModule Acquire(string path, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> preload)
    {
        NativeLibraries.EnsureLoaderIsFound();
        var full = Path.GetFullPath(path);
        TokenModule? module;
        lock (Registry)
        {
            if (!Loaded.TryGetValue(full, out module))
            {
                Loaded[full] = module = Load(full, environment, preload);
            }
        }

        module.Join(environment);
        return module;
    }

    /// <summary>Gives the module back; the last user finalizes it, unless a call hangs inside.</summary>
    public void Release()
    {
        lock (_users)
        {
            if (--_users.Count == 0 && _gate.TryEnterWriteLock(TimeSpan.FromSeconds(1)))
            {
                try
                {
                    FinalizeModule();
                }
                finally
                {
                    _gate.ExitWriteLock();
                }
            }
        }
    }

    /// <summary>Must be held by a thread while it calls the module.</summary>
    public void Enter() => _gate.EnterReadLock();

    public void Exit() => _gate.ExitReadLock();

    /// <summary>Held by who changes the module's slots: initialising a token picks a free one and logs in as its security officer.</summary>
    /// <exception cref="InvalidOperationException">Calls hang inside the module.</exception>
    public void EnterAlone()
    {
        if (!_gate.TryEnterWriteLock(LongestWait))
        {
            throw new InvalidOperationException($"Calls that do not come back hold the module {_path}: mend the token or the way to it, then restart the program.");
        }
    }

    public void ExitAlone() => _gate.ExitWriteLock();

    /// <summary>C_Finalize and C_Initialize, for a module that does not see its token come back. The calling thread must not be inside <see cref="Enter"/>.</summary>
    /// <returns>False when calls hang inside the module, so that it cannot be finalized.</returns>
    public bool Reinitialize(TimeSpan patience)
    {
        if (!_gate.TryEnterWriteLock(patience))
        {
            return false;
        }

        try
        {
            FinalizeModule();
            Initialize();
            return true;
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    private static TokenModule Load(string path, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> preload)
    {
        try
        {
            foreach (var sibling in preload)
            {
                NativeLibraries.Preload(Path.Combine(Path.GetDirectoryName(path) ?? "", sibling));
            }

            // Some modules read it while they are loaded.
            lock (EnvironmentGate)
            {
                SetEnvironment(environment);
                return new TokenModule(path);
            }
        }
        catch (Exception e) when (e is LibraryArchitectureException or UnmanagedException)
        {
            throw new DllNotFoundException($"{path} cannot be loaded as a PKCS#11 module: {e.Message}", e);
        }
    }

    private void Join(IReadOnlyDictionary<string, string> environment)
    {
        lock (_users)
        {
            if (_users.Count > 0 && environment.Any(v => _environment.GetValueOrDefault(v.Key) != v.Value))
            {
                throw new InvalidOperationException(
                    $"The module {_path} runs already in this process with other settings ({string.Join(", ", environment.Keys)}); it reads them only when it starts.");
            }

            if (_users.Count == 0)
            {
                _environment = environment.ToFrozenDictionary();
                EnterAlone();
                try
                {
                    FinalizeModule();
                    Initialize();
                }
                finally
                {
                    _gate.ExitWriteLock();
                }
            }

            _users.Count++;
        }
    }

    private void Initialize()
    {
        CKR code;
        // The environment is the process's: two modules of one kind with different homes must not read each other's.
        lock (EnvironmentGate)
        {
            SetEnvironment(_environment);
            code = Library.C_Initialize(new CK_C_INITIALIZE_ARGS { Flags = CKF.CKF_OS_LOCKING_OK });
        }

        // Somebody else in this process initialised it (an OpenSSL provider, say): it works, and is not ours to finalize.
        _mayFinalize = code == CKR.CKR_OK;
        if (code is not (CKR.CKR_OK or CKR.CKR_CRYPTOKI_ALREADY_INITIALIZED))
        {
            throw new TokenCallException("C_Initialize", (ulong)code);
        }

        _initialized = true;
        Interlocked.Increment(ref _generation);
    }

    private static void SetEnvironment(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var (name, value) in environment)
        {
            NativeLibraries.SetEnvironment(name, value);
        }
    }

    private void FinalizeModule()
    {
        if (_initialized && _mayFinalize)
        {
            // An error here leaves nothing to do: C_Initialize tells whether the module still works.
            _ = Library.C_Finalize(IntPtr.Zero);
        }

        _initialized = false;
    }

    /// <summary>How many hold this module; its own lock.</summary>
    private sealed class Users
    {
        public int Count { get; set; }
    }
}
