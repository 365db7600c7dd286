namespace AgentPki.Integration.Harness;

/// <summary>
/// What post-quantum tests need and most machines lack: an OpenSSL of 3.5 or later with a .NET host that uses it (tests/foreign/pq-runtime.sh), and a
/// token with ML-DSA (hsm-config/nss/install.sh). Both lie in <c>.tools</c>; tests/foreign/install.sh makes them.
/// </summary>
internal static class PostQuantumParts
{
    private static readonly Lazy<Task<string>> Module = new(InstallModuleAsync);

    public static string OpenSsl => Existing("openssl");

    public static string DotNet => Existing(Path.Combine("dotnet", "dotnet"));

    /// <summary>The path of libsoftokn3.so.</summary>
    public static Task<string> LatticeModuleAsync() => Module.Value;

    /// <summary>An appliance of that profile, whose platform, openssl and second token know post-quantum algorithms.</summary>
    public static async Task<ApplianceOptions> OptionsAsync(string profile) => new()
    {
        DotNet = DotNet,
        UpArguments = ["--profile", profile],
        Environment = new Dictionary<string, string> { ["AGENTPKI_NSS_MODULE"] = await LatticeModuleAsync(), ["AGENTPKI_OPENSSL"] = OpenSsl },
    };

    public static Task<ToolResult> RunOpenSslAsync(TempFolder folder, byte[]? input, params string[] arguments) => Tool.RunAsync(OpenSsl, arguments, input, folder.Path);

    private static string Existing(string file)
    {
        var path = Path.Combine(SourceTree.Root, ".tools", "pq-runtime", file);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: type tests/foreign/install.sh");
    }

    private static async Task<string> InstallModuleAsync()
    {
        var script = Path.Combine(SourceTree.Root, "hsm-config", "nss", "install.sh");
        return (await Tool.RunAsync(script, [Path.Combine(SourceTree.Root, ".tools", "nss")], limit: TimeSpan.FromMinutes(5))).MustSucceed().Text.Trim().Split('\n')[^1];
    }
}
