using System.Diagnostics;
using System.Runtime.InteropServices;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(AgentPki.Pkcs11.Tests.Faults.FaultyModule))]

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>
/// A real SoftHSM behind a module in C that fails, delays or hangs calls when told to (faulty-pkcs11.c). It works on a copy of SoftHSM's library, so that
/// it shares no state with the one the other tests use.
/// </summary>
public sealed class FaultyModule : IDisposable
{
    public const ulong DeviceError = 0x30;

    private readonly string _folder = Directory.CreateTempSubdirectory("agentpki-faulty-").FullName;
    private readonly IntPtr _library;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private int _tokens;

    public FaultyModule()
    {
        var softHsm = TokenDescription.Shipped("softhsm").FindModule() ?? throw new InvalidOperationException("SoftHSM is missing: run hsm-config/softhsm/install.sh");
        var copy = Path.Combine(_folder, "softhsm-copy.so");
        File.Copy(softHsm, copy);
        ModulePath = Path.Combine(_folder, "faulty-pkcs11.so");
        Compile(ModulePath);
        _environment = new Dictionary<string, string>(TokenHome.Prepare(TokenDescription.Shipped("softhsm"), _folder)) { ["FAULTY_PKCS11_MODULE"] = copy };
        _library = NativeLibrary.Load(ModulePath);
    }

    public string ModulePath { get; }

    public int Violations => Function<IntResult>("faulty_violations")();

    /// <summary>Options with short deadlines and pauses on a fresh token.</summary>
    public Pkcs11Options Token(int sessions = 2, double deadline = 5)
    {
        Reset();
        var label = $"faulty-{Interlocked.Increment(ref _tokens)}";
        var options = new Pkcs11Options
        {
            Name = "faulty",
            ModulePath = ModulePath,
            TokenLabel = label,
            Pin = new PinInFile(Path.Combine(_folder, label + ".pin")),
            Token = TokenDescription.Shipped("softhsm"),
            Environment = _environment,
            MaxSessions = sessions,
            CallDeadline = TimeSpan.FromSeconds(deadline),
            BreakerPause = TimeSpan.FromMilliseconds(50),
            BreakerLongestPause = TimeSpan.FromMilliseconds(200),
        };
        TokenAdministration.EnsureToken(options, Path.Combine(_folder, label + ".so-pin"));
        return options;
    }

    public static ValueTask<Pkcs11Provider> OpenAsync(Pkcs11Options options) =>
        Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, TestContext.Current.CancellationToken);

    public void Fail(string call, ulong code, int times = -1) => Assert.Equal(0, Function<FailFunction>("faulty_fail")(call, code, times));

    public void Hang(string call, int times = -1) => Assert.Equal(0, Function<HangFunction>("faulty_hang")(call, times));

    public void Reset() => Function<VoidFunction>("faulty_reset")();

    public long Count(string call) => Function<CountFunction>("faulty_count")(call);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Compile(string output)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Faults", "faulty-pkcs11.c");
        using var gcc = Process.Start(new ProcessStartInfo("gcc", ["-std=gnu17", "-shared", "-fPIC", "-O1", "-o", output, source, "-ldl", "-lpthread"]) { RedirectStandardError = true })
            ?? throw new InvalidOperationException("gcc is missing: run tests/foreign/install.sh");
        var errors = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        Assert.True(gcc.ExitCode == 0, errors);
    }

    private T Function<T>(string name)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(_library, name));

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, CharSet = CharSet.Ansi)]
    private delegate int FailFunction(string call, ulong code, int times);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, CharSet = CharSet.Ansi)]
    private delegate int HangFunction(string call, int times);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, CharSet = CharSet.Ansi)]
    private delegate nint CountFunction(string call);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void VoidFunction();

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int IntResult();
}
