using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>FreeHSM, which needs a newer C library than this machine may have: test.sh runs these classes by themselves under <c>.tools/pq-runtime</c>.</summary>
public sealed class FreeHsmFixture() : UnpackedToken("freehsm", "agentpki", TimeSpan.FromMinutes(1));

[CollectionDefinition("FreeHSM")]
#pragma warning disable CA1711 // xunit's own word for it.
public sealed class FreeHsmCollection : ICollectionFixture<FreeHsmFixture>;
#pragma warning restore CA1711

/// <summary>The provider contract on a third token: the one that has SLH-DSA.</summary>
[Collection("FreeHSM")]
[Trait("tier", "full")]
[Trait("needs", "newer-libc")]
public sealed class FreeHsmProviderTests(FreeHsmFixture freeHsm) : TokenProviderContract
{
    /// <summary>The sets it can make; of the others C_GenerateKeyPair fails.</summary>
    private static readonly KeyAlgorithm[] SlhDsa = [KeyAlgorithm.SlhDsaSha2Small128, KeyAlgorithm.SlhDsaSha2Small192, KeyAlgorithm.SlhDsaShakeSmall128, KeyAlgorithm.SlhDsaShakeSmall192];

    protected override Pkcs11Options Options => freeHsm.Options;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } =
        [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87, KeyAlgorithm.SlhDsaSha2Small128, KeyAlgorithm.SlhDsaShakeSmall128];

    [Fact]
    public async Task SignAsync_EverySlhDsaSetItHas_VerifiesInSoftware()
    {
        foreach (var algorithm in SlhDsa)
        {
            await using var key = await Token.GenerateAsync(new($"all-{algorithm}", algorithm, KeyPurpose.CertificateAuthority), default);
            var signature = await key.SignAsync(algorithm.DefaultSignature, "the message"u8.ToArray(), default);
            Assert.Equal(algorithm.SignatureSize, signature.Length);
            Assert.True(Token.Verify(key.PublicKey, algorithm.DefaultSignature, "the message"u8, signature), algorithm.Name);
        }

        Assert.Equal(SlhDsa, KeyAlgorithm.All.Where(k => k.Family == AlgorithmFamily.SlhDsa && Token.CapabilitiesFor(k).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign)));
        Assert.All(TokenAdministration.ListKeys(Options), k => Assert.True(k.NeverLeft, k.ToString()));
    }

    [Fact]
    public async Task SignAsync_HalfOfAComposite_CarriesItsContext()
    {
        await using var key = await Token.GenerateAsync(new("half", KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), default);
        var half = SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa65EcdsaP256);
        var signature = await key.SignAsync(half, "the message"u8.ToArray(), default);
        Assert.True(Token.Verify(key.PublicKey, half, "the message"u8, signature));
        Assert.False(Token.Verify(key.PublicKey, half.Base, "the message"u8, signature));
    }
}
