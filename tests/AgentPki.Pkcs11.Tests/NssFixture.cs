using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(AgentPki.Pkcs11.Tests.NssFixture))]

namespace AgentPki.Pkcs11.Tests;

/// <summary>A fresh NSS database for the process (the module reads its parameters once), and the module that hsm-config/nss/install.sh unpacks once into <c>.tools/nss</c> of the working tree.</summary>
public sealed class NssFixture : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("agentpki-nss-").FullName;

    public NssFixture()
    {
        var description = TokenDescription.Shipped("nss");
        Options = new Pkcs11Options
        {
            Name = "nss",
            ModulePath = ToolFolder.Install("nss"),
            TokenLabel = "NSS Certificate DB",
            PinFile = Path.Combine(_home, "pin"),
            Token = description,
            Environment = TokenHome.Prepare(description, _home),
        };
        Made = TokenAdministration.EnsureToken(Options, Path.Combine(_home, "so-pin"));
    }

    public Pkcs11Options Options { get; }

    public bool Made { get; }

    public ValueTask<Pkcs11Provider> OpenAsync(TokenDescription? token = null) => Pkcs11Provider.OpenAsync(Options with { Token = token ?? Options.Token }, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);

    public void Dispose() => Directory.Delete(_home, recursive: true);
}
