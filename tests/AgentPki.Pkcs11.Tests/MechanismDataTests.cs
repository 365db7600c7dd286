using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11.Configuration;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>Other ways to the same signature, by data alone: the token hashes, and long messages cross in pieces.</summary>
public sealed class MechanismDataTests(SoftHsmFixture softHsm)
{
    [Theory]
    [InlineData("rsa-pkcs1-sha256", "mechanism: CKM_SHA256_RSA_PKCS, input: message", 5000)]
    [InlineData("rsa-pkcs1-sha256", "mechanism: CKM_SHA256_RSA_PKCS, input: message, maxInput: 1000", 5000)]
    [InlineData("rsa-pkcs1-sha384", "mechanism: CKM_SHA384_RSA_PKCS, input: message, maxInput: 7", 100)]
    [InlineData("rsa-pss-sha256", "mechanism: CKM_SHA256_RSA_PKCS_PSS, input: message, maxInput: 1000, pss: { hash: CKM_SHA256, mgf: CKG_MGF1_SHA256, salt: 32 }", 5000)]
    public async Task SignAsync_HashInsideOrInPieces_VerifiesAsEver(string algorithm, string use, int length)
    {
        var yaml = $$"""
            name: inside
            keys:
              rsa-3072: { generate: CKM_RSA_PKCS_KEY_PAIR_GEN, public: { CKA_MODULUS_BITS: 3072, CKA_PUBLIC_EXPONENT: "hex:010001" }, publicKey: rsa }
            signatures:
              {{algorithm}}: { {{use}} }
            """;
        var options = softHsm.Token("inside") with { Name = "inside", Token = TokenDescriptionReader.Parse(yaml, "inside") };
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        var key = await provider.OpenAsync("inside", default) ?? await provider.GenerateAsync(new("inside", KeyAlgorithm.Rsa3072, KeyPurpose.Probe), default);
        var message = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        var with = SignatureAlgorithm.Find(algorithm)!;
        var signature = await key.SignAsync(with, message, default);
        Assert.True(new PlatformProvider().Verify(key.PublicKey, with, message, signature));
    }

    [Fact]
    public async Task SignAsync_AlgorithmTheDescriptionLacks_ThrowsAndSaysWhere()
    {
        const string yaml = """
            name: poor
            keys:
              ecdsa-p256: { generate: CKM_EC_KEY_PAIR_GEN, public: { CKA_EC_PARAMS: "hex:06082a8648ce3d030107" }, publicKey: ec-point }
            signatures:
              ecdsa-sha256: { mechanism: CKM_ECDSA, input: digest, output: concatenated }
            """;
        var options = softHsm.Token("poor") with { Token = TokenDescriptionReader.Parse(yaml, "poor") };
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        Assert.Equal(KeyCapabilities.Generate | KeyCapabilities.Sign, provider.CapabilitiesFor(KeyAlgorithm.EcdsaP256));
        Assert.Equal(KeyCapabilities.None, provider.CapabilitiesFor(KeyAlgorithm.EcdsaP384));
        Assert.Equal(KeyCapabilities.None, provider.CapabilitiesFor(KeyAlgorithm.Rsa4096));
        var key = await provider.GenerateAsync(new("k", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), default);
        var error = await Assert.ThrowsAsync<ArgumentException>(async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha384, new byte[1], default));
        Assert.Contains("token.yaml", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(new("e", KeyAlgorithm.Ed25519, KeyPurpose.Probe), default));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.OpenWrapperAsync("w", default));
    }
}
