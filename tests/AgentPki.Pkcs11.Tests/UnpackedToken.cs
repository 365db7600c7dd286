using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Pkcs11.Tests;

/// <summary>
/// A fresh token for the process (a module reads its parameters once), and its module, which <c>hsm-config/NAME/install.sh</c> unpacks once into <c>.tools/NAME</c> of the working tree.
/// </summary>
public abstract class UnpackedToken : IDisposable
{
    private readonly string _home;

    private protected UnpackedToken(string name, string label, TimeSpan? deadline = null)
    {
        _home = Directory.CreateTempSubdirectory($"agentpki-{name}-").FullName;
        var description = TokenDescription.Shipped(name);
        var options = new Pkcs11Options
        {
            Name = name,
            ModulePath = ToolFolder.Install(name),
            TokenLabel = label,
            Pin = new PinInFile(Path.Combine(_home, "pin")),
            Token = description,
            Environment = TokenHome.Prepare(description, _home),
        };
        Options = deadline is { } limit ? options with { CallDeadline = limit } : options;
        Made = TokenAdministration.EnsureToken(Options, Path.Combine(_home, "so-pin"));
    }

    public Pkcs11Options Options { get; }

    public bool Made { get; }

    public ValueTask<Pkcs11Provider> OpenAsync(TokenDescription? token = null) =>
        Pkcs11Provider.OpenAsync(Options with { Token = token ?? Options.Token }, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);

    public void Dispose()
    {
        Directory.Delete(_home, recursive: true);
        GC.SuppressFinalize(this);
    }
}
