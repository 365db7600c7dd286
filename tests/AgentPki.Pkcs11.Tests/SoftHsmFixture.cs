using System.Diagnostics;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(AgentPki.Pkcs11.Tests.SoftHsmFixture))]

namespace AgentPki.Pkcs11.Tests;

/// <summary>One SoftHSM store for the process (the module reads its configuration once); each test class makes tokens of its own in it.</summary>
public sealed class SoftHsmFixture : IDisposable
{
    private readonly IReadOnlyDictionary<string, string> _environment;

    public SoftHsmFixture()
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("agentpki-softhsm-").FullName;
        TokenDirectory = Path.Combine(Directory, "tokens");
        _environment = TokenHome.Prepare(TokenDescription.Shipped("softhsm"), Directory);
    }

    public string Directory { get; }

    public string TokenDirectory { get; }

    public static string Module => TokenDescription.Shipped("softhsm").FindModule() ?? throw new InvalidOperationException("SoftHSM is missing: run hsm-config/softhsm/install.sh");

    /// <summary>Options for a token of that label, which is made now if it is not there.</summary>
    public Pkcs11Options Token(string label, bool make = true)
    {
        var (user, officer) = (Path.Combine(Directory, label + ".pin"), Path.Combine(Directory, label + ".so-pin"));
        PinFile.CreateRandom(user);
        PinFile.CreateRandom(officer);
        var options = new Pkcs11Options
        {
            Name = "softhsm",
            ModulePath = Module,
            TokenLabel = label,
            Pin = new PinInFile(user),
            Token = TokenDescription.Shipped("softhsm"),
            Environment = _environment,
        };
        if (make)
        {
            TokenAdministration.EnsureToken(options, officer);
        }

        return options;
    }

    public void DeletePrivateKey(Pkcs11Options options, string tokenLabel) =>
        ForeignTool(options, "--delete-object", "--type", "privkey", "--label", tokenLabel);

    public void MakeForeignKey(Pkcs11Options options, string tokenLabel, byte[] id, bool extractable) =>
        ForeignTool(options, ["--keypairgen", "--key-type", "EC:prime256v1", "--label", tokenLabel, "--id", Convert.ToHexString(id), extractable ? "--extractable" : "--sensitive"]);

    /// <summary>As an operator with another program would: pkcs11-tool, in a process of its own.</summary>
    private void ForeignTool(Pkcs11Options options, params string[] arguments)
    {
        string[] login = ["--module", options.ModulePath, "--token-label", options.TokenLabel, "--login", "--pin", File.ReadAllText(options.PinPath())];
        var start = new ProcessStartInfo("pkcs11-tool", [.. login, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["SOFTHSM2_CONF"] = _environment["SOFTHSM2_CONF"];
        using var tool = Process.Start(start) ?? throw new InvalidOperationException("pkcs11-tool is missing: run tests/foreign/install.sh");
        var errors = tool.StandardError.ReadToEndAsync();
        var output = tool.StandardOutput.ReadToEnd();
        tool.WaitForExit();
        Assert.True(tool.ExitCode == 0, output + errors.GetAwaiter().GetResult());
    }

    public static ValueTask<Pkcs11Provider> OpenAsync(Pkcs11Options options) => Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
