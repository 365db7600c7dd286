using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>A token of its own (SoftHSM, or NSS softoken) in a temporary folder, opened the way the service opens its own. Removed at the end.</summary>
internal sealed class BenchToken : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private BenchToken(DirectoryInfo folder, Pkcs11Provider provider) => (_folder, Provider) = (folder, provider);

    internal Pkcs11Provider Provider { get; }

    internal string Folder => _folder.FullName;

    internal static async Task<BenchToken> OpenAsync(int sessions = 8, string token = "softhsm")
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("agentpki-bench-");
        string Secret(string name)
        {
            string path = Path.Combine(folder.FullName, name);
            File.WriteAllText(path, "benchmark-only");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return path;
        }

        TokenDescription description = TokenDescription.Shipped(token);
        var options = new Pkcs11Options
        {
            Name = token,
            ModulePath = description.FindModule() ?? Unpacked(token, "lib", "libsoftokn3.so"),
            TokenLabel = description.Initialization?.FixedLabel ?? "bench",
            PinFile = Secret("pin"),
            Token = description,
            Environment = TokenHome.Prepare(description, folder.FullName),
            MaxSessions = sessions,
        };
        TokenAdministration.EnsureToken(options, Secret("so-pin"));
        return new BenchToken(folder, await Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, CancellationToken.None));
    }

    /// <summary>Where the tests keep what hsm-config/NAME/install.sh unpacks.</summary>
    private static string Unpacked(string token, params string[] path)
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "AgentPki.sln")))
            root = root.Parent;
        string module = Path.Combine([root?.FullName ?? "", ".tools", token, .. path]);
        return File.Exists(module) ? module : throw new InvalidOperationException($"The token {token} is not installed: run hsm-config/{token}/install.sh (with .tools/{token} where it wants a folder).");
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
