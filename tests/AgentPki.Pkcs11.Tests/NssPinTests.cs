using AgentPki.Pkcs11.Administration;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>What is peculiar to NSS about PINs: it has no security officer's once the user's is set.</summary>
[Collection("NSS")]
public sealed class NssPinTests(NssFixture nss)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void ChangeOfficerPin_TokenWithoutOne_SaysSo()
    {
        using var pin = PinInMemory.Holding("12345678"u8);
        var error = Assert.Throws<NotSupportedException>(() => TokenAdministration.ChangeOfficerPin(nss.Options, pin, pin));
        Assert.Contains("no security officer's PIN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChangeUserPin_NssThereAndBack_OpensWithEach()
    {
        using var other = PinInMemory.Holding("another-pin"u8);
        TokenAdministration.ChangeUserPin(nss.Options, other);
        var changed = nss.Options with { Pin = other };
        await using (var provider = await SoftHsmFixture.OpenAsync(changed))
        {
            await provider.ProbeAsync(Cancel);
        }

        TokenAdministration.ChangeUserPin(changed, nss.Options.Pin);
        await using var again = await nss.OpenAsync();
        await again.ProbeAsync(Cancel);
    }
}
