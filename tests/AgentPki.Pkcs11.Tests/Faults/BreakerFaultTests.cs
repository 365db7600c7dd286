using AgentPki.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>A token that is down: callers are turned away at once, and it is found again without a restart.</summary>
public sealed class BreakerFaultTests(FaultyModule module) : FaultTestBase(module)
{
    [Fact]
    public async Task SignAsync_DeviceFails_BreakerOpensAndRecoversByItself()
    {
        var (provider, key) = await KeyAsync(Module.Token());
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        for (var i = 0; i < 3; i++)
        {
            var failure = await AssertUnavailable(key);
            Assert.Contains("C_SignInit(CKM_ECDSA, private key 'key') answered CKR_DEVICE_ERROR", failure.Message, StringComparison.Ordinal);
            Assert.True(failure.RetryAfter > TimeSpan.Zero);
        }

        Assert.False(provider.IsHealthy);
        Assert.Contains("CKR_DEVICE_ERROR", provider.DownReason, StringComparison.Ordinal);
        Module.Reset();
        await Eventually.True(() => provider.IsHealthy, "the token is found again");
        await AssertSigns(key);
        Assert.Equal(BreakerState.Closed, provider.Health.Breaker);
    }

    [Fact]
    public async Task SignAsync_BreakerOpen_TurnsAwayWithoutACall()
    {
        var options = Module.Token() with { BreakerPause = TimeSpan.FromMinutes(1), BreakerLongestPause = TimeSpan.FromMinutes(1) };
        var (provider, key) = await KeyAsync(options);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        for (var i = 0; i < 3; i++)
        {
            await AssertUnavailable(key);
        }

        var calls = Module.Count("C_SignInit");
        var turnedAway = await AssertUnavailable(key);
        Assert.Equal(calls, Module.Count("C_SignInit"));
        Assert.Contains("down", turnedAway.Message, StringComparison.Ordinal);
        Assert.InRange(turnedAway.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(BreakerState.Open, provider.Health.Breaker);
    }

    [Fact]
    public async Task Recovery_ModuleMustBeInitialisedAgain_IsDone()
    {
        var (provider, key) = await KeyAsync(Module.Token());
        await AssertSigns(key);
        var before = Module.Count("C_Initialize");
        Module.Fail("C_SignInit", 0x190);
        await AssertUnavailable(key);
        Assert.False(provider.IsHealthy);
        await Eventually.True(() => Module.Count("C_Initialize") > before, "C_Initialize was called again");
        Module.Reset();
        await Eventually.True(() => provider.IsHealthy, "the token is found again");
        await AssertSigns(key);
    }

    [Fact]
    public async Task Login_WrongPin_IsTriedOnceUntilTheFileChanges()
    {
        var options = Module.Token();
        var right = await File.ReadAllTextAsync(options.PinPath(), Cancel);
        await File.WriteAllTextAsync(options.PinPath(), "7777777777", Cancel);
        var before = Module.Count("C_Login");
        await using var provider = Pkcs11Provider.Open(options, TimeProvider.System, NullLogger.Instance);
        Assert.False(provider.IsHealthy);
        Assert.Contains("CKR_PIN_INCORRECT", provider.DownReason, StringComparison.Ordinal);
        Assert.DoesNotContain("7777777777", provider.DownReason, StringComparison.Ordinal);
        // The breaker tries the token again and again meanwhile, but never the PIN.
        var sessions = Module.Count("C_OpenSession");
        await Eventually.True(() => Module.Count("C_OpenSession") > sessions + 2, "the token was tried again");
        Assert.Equal(1, Module.Count("C_Login") - before);

        await File.WriteAllTextAsync(options.PinPath(), right, Cancel);
        await Eventually.True(() => provider.IsHealthy, "the right PIN is taken");
        await AssertSigns(await provider.GenerateAsync(new("after", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), Cancel));
    }

    [Fact]
    public async Task OpenAsync_WrongPin_SaysWhatToDoAndKeepsThePinToItself()
    {
        var options = Module.Token();
        await File.WriteAllTextAsync(options.PinPath(), "8888888888", Cancel);
        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await FaultyModule.OpenAsync(options));
        Assert.Contains(options.PinPath(), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("8888888888", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_PinFileReadableByOthers_IsRefusedWithTheRemedy()
    {
        var options = Module.Token();
        File.SetUnixFileMode(options.PinPath(), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await FaultyModule.OpenAsync(options));
        Assert.Contains($"chmod 600 {options.PinPath()}", failure.Message, StringComparison.Ordinal);
    }
}
