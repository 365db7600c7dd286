using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Wrapped;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>A token of its own (SoftHSM, NSS softoken or FreeHSM) in a temporary folder, opened the way the service opens its own. Removed at the end.</summary>
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
            ModulePath = FindModule(description) ?? throw new InvalidOperationException($"The token {token} is not installed: run hsm-config/{token}/install.sh (with .tools/{token} where it wants a folder)."),
            TokenLabel = description.Initialization?.FixedLabel ?? "bench",
            Pin = new PinInFile(Secret("pin")),
            Token = description,
            Environment = TokenHome.Prepare(description, folder.FullName),
            MaxSessions = sessions,
        };
        TokenAdministration.EnsureToken(options, Secret("so-pin"));
        return new BenchToken(folder, await Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, CancellationToken.None));
    }

    internal static bool IsInstalled(string token) => FindModule(TokenDescription.Shipped(token)) is not null;

    /// <summary>Keys wrapped under a key of this token.</summary>
    internal async Task<TokenWrappedProvider> WrappedAsync() =>
        new(await Provider.OpenWrapperAsync("bench-wrap", CancellationToken.None), Provider, new TokenWrappedOptions { Folder = Path.Combine(Folder, "wrapped"), OfferWhatTheTokenHas = true }, TimeProvider.System);

    /// <summary>Where the package puts it, or where the tests keep what hsm-config/NAME/install.sh unpacks.</summary>
    private static string? FindModule(TokenDescription description)
    {
        if (description.FindModule() is { } installed)
            return installed;
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "AgentPki.sln")))
            root = root.Parent;
        string tools = Path.Combine(root?.FullName ?? "", ".tools", description.Name);
        string[] names = [.. description.Modules.Select(m => Path.GetFileName(m)), "libsoftokn3.so"];
        return Directory.Exists(tools) ? names.SelectMany(n => Directory.EnumerateFiles(tools, n, SearchOption.AllDirectories)).FirstOrDefault() : null;
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
