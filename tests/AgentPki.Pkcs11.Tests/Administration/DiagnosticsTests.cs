using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Tests.Faults;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Administration;

/// <summary>Each step of the doctor fails by its own fault, stops there, and names the remedy.</summary>
[Collection("faulty module")]
public sealed class DiagnosticsTests(FaultyModule module)
{
    [Fact]
    public async Task RunAsync_ModuleMissing_NamesTheInstaller() =>
        AssertFails(await Run(module.Token() with { ModulePath = "/nonexistent/module.so" }), "module", "no PKCS#11 module", "install.sh");

    [Fact]
    public async Task RunAsync_ModuleIsAnotherLibrary_SaysSo() =>
        AssertFails(await Run(module.Token() with { ModulePath = SystemLibrary() }), "module", "cannot be loaded as a PKCS#11 module", "install.sh");

    [Fact]
    public async Task RunAsync_NoSuchToken_ListsThoseThereAre() =>
        AssertFails(await Run(module.Token() with { TokenLabel = "elsewhere" }), "slot", "faulty-", "label");

    [Fact]
    public async Task RunAsync_WrongPin_NamesTheFileAndNotThePin()
    {
        var options = module.Token();
        await File.WriteAllTextAsync(options.PinPath(), "99999999", TestContext.Current.CancellationToken);
        var steps = await Run(options);
        AssertFails(steps, "login", "CKR_PIN_INCORRECT", "PIN file");
        Assert.DoesNotContain("99999999", string.Concat(steps.Select(s => s.ToString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_SignatureFails_IsTheLastStep()
    {
        var options = module.Token();
        module.Fail("C_Sign", FaultyModule.DeviceError);
        AssertFails(await Run(options), "sign", "CKR_DEVICE_ERROR", "log");
        module.Reset();
    }

    [Fact]
    public async Task RunAsync_ModuleHangs_ComesBack()
    {
        var options = module.Token() with { CallDeadline = TimeSpan.FromSeconds(1) };
        module.Hang("C_GetTokenInfo", times: 1);
        AssertFails(await Run(options), "module", "did not come back", "mend the token");
        module.Reset();
    }

    private static Task<IReadOnlyList<DiagnosticStep>> Run(Pkcs11Options options) =>
        Pkcs11Diagnostics.RunAsync(options, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    private static void AssertFails(IReadOnlyList<DiagnosticStep> steps, string step, string finding, string remedy)
    {
        var failed = Assert.Single(steps, s => !s.Ok);
        Assert.Same(steps[^1], failed);
        Assert.Equal(step, failed.Name);
        Assert.Contains(finding, failed.Finding, StringComparison.Ordinal);
        Assert.Contains(remedy, failed.Remedy, StringComparison.Ordinal);
    }

    private static string SystemLibrary() =>
        Directory.EnumerateFiles("/usr/lib", "libcrypto.so.3", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 2 }).First();
}
