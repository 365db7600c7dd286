using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Mirrored;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>One key in two tokens: the second signs while the first is away, and only the same key.</summary>
public sealed class MirroredProviderTests(FaultyModule module, SoftHsmFixture softHsm) : FaultTestBase(module)
{
    private const string Label = "issuing", Transport = "transport";

    [Fact]
    public async Task SignAsync_FirstTokenFails_SecondSignsUntilItIsBack()
    {
        var (first, second, mirrored) = await MirroredAsync();
        await using var key = await mirrored.OpenAsync(Label, Cancel) ?? throw new InvalidOperationException("gone");
        await AssertSigns(key);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        for (var i = 0; i < 10; i++)
        {
            await AssertSigns(key);
        }

        Assert.False(first.IsHealthy);
        Assert.True(second.IsHealthy);
        Module.Reset();
        await Eventually.True(() => first.IsHealthy, "the first token is found again");
        var signed = Module.Count("C_Sign");
        await AssertSigns(key);
        Assert.Equal(signed + 1, Module.Count("C_Sign"));
    }

    [Fact]
    public async Task OpenAsync_FirstTokenIsAway_OpensInTheSecondAndTakesTheFirstWhenItComes()
    {
        var (first, _, mirrored) = await MirroredAsync();
        Module.Fail("C_FindObjectsInit", FaultyModule.DeviceError);
        await using var key = await mirrored.OpenAsync(Label, Cancel) ?? throw new InvalidOperationException("gone");
        Assert.Equal(mirrored.Name, key.Reference.Provider);
        await AssertSigns(key);
        Module.Reset();
        await Eventually.True(() => first.IsHealthy, "the first token is found again");
        var signed = Module.Count("C_Sign");
        await AssertSigns(key);
        Assert.Equal(signed + 1, Module.Count("C_Sign"));
    }

    [Fact]
    public async Task OpenAsync_AnotherKeyUnderTheLabel_IsRefused()
    {
        var (first, second, mirrored) = await MirroredAsync();
        await using (await first.GenerateAsync(new("other", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        await using (await second.GenerateAsync(new("other", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await mirrored.OpenAsync("other", Cancel));
            Assert.Contains("different keys under the label 'other'", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SignAsync_KeyThatTheSecondLacks_IsUnavailableWithTheFirst()
    {
        var (first, _, mirrored) = await MirroredAsync();
        await using (await first.GenerateAsync(new("alone", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        {
        }

        await using var key = await mirrored.OpenAsync("alone", Cancel) ?? throw new InvalidOperationException("gone");
        await AssertSigns(key);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        await AssertUnavailable(key);
    }

    private async Task<(Pkcs11Provider First, Pkcs11Provider Second, MirroredProvider Both)> MirroredAsync()
    {
        var first = await OpenAsync(Module.Token());
        var options = softHsm.Token($"mirror-{Guid.NewGuid():n}"[..20]);
        var second = await OpenAsync(options);
        await using var key = await first.GenerateAsync(new(Label, KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority, KeyBackup.Wrapped), Cancel);
        var wrapped = await first.ExportKeyAsync(Label, await second.OpenTransportKeyAsync(Transport, Cancel), Cancel);
        await using var copy = await second.ImportKeyAsync(wrapped, Transport, Convert.ToHexString(SHA256.HashData(key.PublicKey.SubjectPublicKeyInfo.Span)), Cancel);
        return (first, second, new MirroredProvider(first, second, NullLogger.Instance));
    }
}
