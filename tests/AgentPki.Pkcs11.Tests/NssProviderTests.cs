using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The provider contract on a second, quite different token: PKCS#11 3.2, a fixed label, its own way to come to life.</summary>
[Collection("NSS")]
public sealed class NssProviderTests(NssFixture nss) : TokenProviderContract
{
    protected override Pkcs11Options Options => nss.Options;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072, KeyAlgorithm.Ed25519, KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87];

    [Fact]
    public void EnsureToken_FreshDatabase_WasMadeOnceOnly()
    {
        Assert.True(nss.Made);
        Assert.False(TokenAdministration.EnsureToken(Options, "unused"));
    }

    [Fact]
    public async Task GenerateAsync_EveryKey_IsSensitiveAndNotExtractable()
    {
        await Token.GenerateAsync(new("attributes", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await Token.OpenWrapperAsync("wrapping-attributes", default);
        var keys = TokenAdministration.ListKeys(Options).Where(k => k.Label.EndsWith("attributes", StringComparison.Ordinal)).ToList();
        Assert.Equal(["certificate-authority", "key-wrapping"], keys.Select(k => k.Purpose));
        Assert.All(keys, k => Assert.True(k.NeverLeft, k.ToString()));
    }

    [Fact]
    public async Task Diagnostics_TokenOfVersion32_NameItsInterfacesAndWhatItDecapsulates()
    {
        var steps = await Pkcs11Diagnostics.RunAsync(Options, TimeProvider.System, NullLoggerFactory.Instance, default);
        Assert.Contains("PKCS 11 3.2", steps[0].Finding, StringComparison.Ordinal);
        Assert.Contains("decapsulates ml-kem-1024, ml-kem-512, ml-kem-768", steps[2].Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Mechanisms_OfVersion3_AreNamed() =>
        Assert.Contains("CKM_ML_DSA", TokenAdministration.ListMechanisms(Options));
}
