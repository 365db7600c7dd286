using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>A PIN that is given late, wrongly, rightly, and taken back, over a module that starts anew.</summary>
public sealed class PinInMemoryFaultTests(FaultyModule module) : FaultTestBase(module)
{
    [Fact]
    public async Task Login_ModuleInitialisedAnew_UsesThePinAgainUntilItIsTakenBack()
    {
        using var officer = PinInMemory.Holding("87654321"u8);
        using var user = new PinInMemory("2 of 3 officers have yet to open it.");
        using var right = PinInMemory.Holding("12345678"u8);
        var made = Module.Token();
        var options = made with { TokenLabel = made.TokenLabel + "-memory", Pin = user };
        TokenAdministration.Initialize(options with { Pin = right }, officer);
        await using var provider = Pkcs11Provider.Open(options, TimeProvider.System, NullLogger.Instance);
        Assert.Contains("2 of 3 officers have yet to open it.", (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await provider.ProbeAsync(Cancel))).Message, StringComparison.Ordinal);

        user.Give("99999999"u8);
        await Eventually.True(() => provider.DownReason?.Contains("CKR_PIN_INCORRECT", StringComparison.Ordinal) == true, "the wrong PIN was tried");
        Assert.Contains("PIN given at run time", provider.DownReason, StringComparison.Ordinal);
        user.Give("12345678"u8);
        await Eventually.True(() => provider.IsHealthy, "the token opens with the right one");
        await provider.ProbeAsync(Cancel);
        TokenPeek.Restart(options);
        await provider.ProbeAsync(Cancel);

        user.TakeBack();
        TokenPeek.Restart(options);
        Assert.Contains("2 of 3 officers", (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await provider.ProbeAsync(Cancel))).Message, StringComparison.Ordinal);
    }
}
