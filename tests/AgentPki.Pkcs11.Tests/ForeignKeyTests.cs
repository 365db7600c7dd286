using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>Keys that another program made in the same token (pkcs11-tool): shown as what they are, and never used unless they could not leave.</summary>
public sealed class ForeignKeyTests(SoftHsmFixture softHsm)
{
    [Fact]
    public async Task OpenAsync_KeyThatCouldLeaveTheToken_IsRefusedByAttribute()
    {
        var options = softHsm.Token("foreign-weak");
        softHsm.MakeForeignKey(options, "certificate-authority/weak", KeyNaming.Id("weak"), extractable: true);
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.OpenAsync("weak", default));
        Assert.Matches("CKA_(SENSITIVE|EXTRACTABLE)", error.Message);
        Assert.True(provider.IsHealthy);
        Assert.False(TokenAdministration.ListKeys(options).Single(k => k.Label == "weak").NeverLeft);
        var login = (await Pkcs11Diagnostics.RunAsync(options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default)).Single(s => s.Name == "login");
        Assert.False(login.Ok);
        Assert.Contains("weak", login.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_KeyWithoutOurPurpose_IsRefusedAndListedAsForeign()
    {
        var options = softHsm.Token("foreign-label");
        softHsm.MakeForeignKey(options, "just a key", KeyNaming.Id("stranger"), extractable: false);
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.OpenAsync("stranger", default));
        Assert.Contains("purpose", error.Message, StringComparison.Ordinal);
        var listed = Assert.Single(TokenAdministration.ListKeys(options));
        Assert.Equal(("just a key", null, KeyAlgorithm.EcdsaP256), (listed.Label, listed.Purpose, listed.Algorithm));
    }

    [Fact]
    public async Task OpenAsync_TwoKeysOfOneId_IsRefused()
    {
        var options = softHsm.Token("foreign-twice");
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        await provider.GenerateAsync(new("twice", KeyAlgorithm.EcdsaP256, KeyPurpose.OcspResponder), default);
        softHsm.MakeForeignKey(options, "certificate-authority/twice", KeyNaming.Id("twice"), extractable: false);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.OpenAsync("twice", default));
        Assert.Contains("2 objects", error.Message, StringComparison.Ordinal);
    }
}
