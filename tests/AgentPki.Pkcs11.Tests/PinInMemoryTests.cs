using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Errors;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>PINs that lie in no file: given at run time, used again after a reset, gone when they are taken back.</summary>
public sealed class PinInMemoryTests(SoftHsmFixture softHsm)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Initialize_PinsFromMemory_MakesATokenThatOpensWithThem()
    {
        using var officer = PinInMemory.Holding("87654321"u8);
        using var user = PinInMemory.Holding("12345678"u8);
        var options = Token("memory-pins", user);
        TokenAdministration.Initialize(options, officer);
        await using (var provider = await SoftHsmFixture.OpenAsync(options))
        {
            await using var key = await provider.GenerateAsync(new("key", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), Cancel);
        }

        Assert.Contains("nothing was changed", Assert.Throws<InvalidOperationException>(() => TokenAdministration.Initialize(options, officer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_UserAndOfficerPin_TheNewOnesOpenAndTheOldOnesDoNot()
    {
        using var officer = PinInMemory.Holding("11111111"u8);
        using var user = PinInMemory.Holding("22222222"u8);
        using var newUser = PinInMemory.Holding("33333333"u8);
        using var newOfficer = PinInMemory.Holding("44444444"u8);
        var options = Token("changed-pins", user);
        TokenAdministration.Initialize(options, officer);
        TokenAdministration.ChangeUserPin(options, newUser);
        Assert.Contains("CKR_PIN_INCORRECT", Assert.Throws<TokenCallException>(() => TokenAdministration.ListKeys(options)).Message, StringComparison.Ordinal);
        Assert.Empty(TokenAdministration.ListKeys(options with { Pin = newUser }));

        TokenAdministration.ChangeOfficerPin(options, officer, newOfficer);
        var wrong = Assert.Throws<TokenCallException>(() => TokenAdministration.ChangeOfficerPin(options, officer, newOfficer));
        Assert.Contains("CKR_PIN_INCORRECT", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("11111111", wrong.ToString(), StringComparison.Ordinal);
        TokenAdministration.ChangeOfficerPin(options, newOfficer, officer);

        await using var provider = await SoftHsmFixture.OpenAsync(options with { Pin = newUser });
        var taken = Assert.Throws<TokenCallException>(() => TokenAdministration.ChangeOfficerPin(options, officer, newOfficer));
        Assert.Contains("CKR_USER_ANOTHER_ALREADY_LOGGED_IN", taken.Message, StringComparison.Ordinal);
        using var tooShort = PinInMemory.Holding("1"u8);
        Assert.Contains("CKR_PIN_LEN_RANGE", Assert.Throws<TokenCallException>(() => TokenAdministration.ChangeUserPin(options with { Pin = newUser }, tooShort)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TakeBack_Given_IsNotThereAndCanBeGivenAgain()
    {
        using var pin = new PinInMemory("locked");
        Assert.False(pin.IsPresent);
        Assert.Throws<ArgumentException>(() => pin.Give([]));
        pin.Give("1234"u8);
        Assert.Equal("1234", Encoding.ASCII.GetString(pin.Read()));
        var before = pin.Version;
        pin.TakeBack();
        Assert.False(pin.IsPresent);
        Assert.Equal("locked", Assert.Throws<InvalidOperationException>(pin.Read).Message);
        pin.Give("1234"u8);
        Assert.NotEqual(before, pin.Version);
        pin.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pin.Give("1"u8));
    }

    private Pkcs11Options Token(string label, PinSource pin) => softHsm.Token(label, make: false) with { Pin = pin };
}
