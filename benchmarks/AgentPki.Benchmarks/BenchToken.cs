using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>A SoftHSM token of its own in a temporary folder, opened the way the service opens its own. Removed at the end.</summary>
internal sealed class BenchToken : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private BenchToken(DirectoryInfo folder, Pkcs11Provider provider) => (_folder, Provider) = (folder, provider);

    internal Pkcs11Provider Provider { get; }

    internal string Folder => _folder.FullName;

    internal static async Task<BenchToken> OpenAsync(int sessions = 8)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("agentpki-bench-");
        string Secret(string name)
        {
            string path = Path.Combine(folder.FullName, name);
            File.WriteAllText(path, "benchmark-only");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return path;
        }

        TokenDescription description = TokenDescription.Shipped("softhsm");
        var options = new Pkcs11Options
        {
            Name = "softhsm",
            ModulePath = description.Modules.FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("SoftHSM is not installed: apt-get install softhsm2."),
            TokenLabel = "bench",
            PinFile = Secret("pin"),
            Token = description,
            Environment = TokenHome.Prepare(description, folder.FullName),
            MaxSessions = sessions,
        };
        TokenAdministration.EnsureToken(options, Secret("so-pin"));
        return new BenchToken(folder, await Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
