using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The provider contract on a real SoftHSM token, and what only a token has.</summary>
public sealed class SoftHsmProviderTests(SoftHsmFixture softHsm) : TokenProviderContract
{
    protected override Pkcs11Options Options => softHsm.Token("contract");

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072, KeyAlgorithm.Ed25519];

    [Fact]
    public async Task GenerateAsync_EveryKey_IsSensitiveAndNeverExtractable()
    {
        await Token.GenerateAsync(new("attributes", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await Token.OpenWrapperAsync("attributes", default);
        var keys = TokenAdministration.ListKeys(Options).Where(k => k.Label == "attributes").ToList();
        Assert.Equal(2, keys.Count);
        Assert.All(keys, k => Assert.Equal(((bool?)true, (bool?)false, (bool?)true, (bool?)true), (k.Sensitive, k.Extractable, k.AlwaysSensitive, k.NeverExtractable)));
    }

    [Fact]
    public async Task FindWrapperAsync_KeyThatIsNotThere_IsNotMade()
    {
        Assert.Null(await Token.FindWrapperAsync("found-only", default));
        Assert.Null(await Token.FindWrapperAsync("found-only", default));
        await Token.OpenWrapperAsync("found-only", default);
        Assert.NotNull(await Token.FindWrapperAsync("found-only", default));
    }
}
