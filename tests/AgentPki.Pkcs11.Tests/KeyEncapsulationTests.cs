using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>ML-KEM inside a PKCS#11 3.2 token: what the provider contract does not ask.</summary>
[Collection("NSS")]
public sealed class KeyEncapsulationTests(NssFixture nss, SoftHsmFixture softHsm)
{
    private static int _labels;

    public static TheoryData<string> MlKem => ["ml-kem-512", "ml-kem-768", "ml-kem-1024"];

    [Theory]
    [MemberData(nameof(MlKem))]
    public async Task EncapsulateAsync_InTheTokenAndByTheProvider_OpensInTheToken(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateDecapsulationKeyAsync(new(Label(), algorithm, KeyPurpose.KeyEstablishment), default);
        KeyEncapsulation[] made = [await provider.EncapsulateInTokenAsync(key.PublicKey, default), await provider.EncapsulateInTokenAsync(key.PublicKey, default), await provider.EncapsulateAsync(key.PublicKey, default)];
        foreach (var one in made)
        {
            Assert.Equal((algorithm.CiphertextSize, 32), (one.Ciphertext.Length, one.SharedSecret.Length));
            Assert.Equal(one.SharedSecret, await key.DecapsulateAsync(one.Ciphertext, default));
        }

        Assert.NotEqual(made[0].SharedSecret, made[1].SharedSecret);
    }

    [Fact]
    public async Task DecapsulateAsync_Done_LeavesNoSecretInTheToken()
    {
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateDecapsulationKeyAsync(new(Label(), KeyAlgorithm.MlKem768, KeyPurpose.KeyEstablishment), default);
        var (ciphertext, secret) = await provider.EncapsulateAsync(key.PublicKey, default);
        await key.DecapsulateAsync(ciphertext, default);
        var left = TokenPeek.At(nss.Options, s => s.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_SECRET_KEY).With(CKA.CKA_TOKEN, false)).Select(o => s.Read(o, CKA.CKA_VALUE)).ToList());
        Assert.DoesNotContain(left, value => value is not null && value.AsSpan().SequenceEqual(secret));
    }

    [Fact]
    public async Task GenerateDecapsulationKeyAsync_MadeInTheToken_NeverShowsValueOrSeedAndSignsNothing()
    {
        await using var provider = await nss.OpenAsync();
        var label = Label();
        await using var key = await provider.GenerateDecapsulationKeyAsync(new(label, KeyAlgorithm.MlKem768, KeyPurpose.KeyEstablishment), default);
        Assert.True(TokenAdministration.ListKeys(nss.Options).Single(k => k.Label == label) is { NeverLeft: true, Purpose: "key-establishment" });
        TokenPeek.At(nss.Options, s =>
        {
            var handle = s.PrivateKey(label);
            Assert.Null(s.Read(handle, CKA.CKA_VALUE));
            Assert.Null(s.Read(handle, NewerConstants.Seed));
            Assert.True(s.ReadBool(handle, NewerConstants.Decapsulate));
            Assert.NotEqual(true, s.ReadBool(handle, CKA.CKA_SIGN));
            return true;
        });
        Assert.Null(await provider.OpenAsync(label, default));
        await using var signs = await provider.GenerateAsync(new(Label(), KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), default);
        Assert.Null(await provider.OpenDecapsulationKeyAsync(signs.Reference.Label, default));
    }

    [Fact]
    public async Task DecapsulateAsync_ModuleInitialisedAnew_FindsSessionLoginAndKeyAgain()
    {
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateDecapsulationKeyAsync(new(Label(), KeyAlgorithm.MlKem512, KeyPurpose.KeyEstablishment), default);
        await using var signer = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa44, KeyPurpose.Probe), default);
        var (ciphertext, secret) = await provider.EncapsulateAsync(key.PublicKey, default);
        Assert.Equal(secret, await key.DecapsulateAsync(ciphertext, default));
        TokenPeek.Restart(nss.Options);
        Assert.Equal(secret, await key.DecapsulateAsync(ciphertext, default));
        Assert.Equal(KeyAlgorithm.MlDsa44.SignatureSize, (await signer.SignAsync(KeyAlgorithm.MlDsa44.DefaultSignature, ciphertext, default)).Length);
    }

    [Fact]
    public async Task CapabilitiesFor_ModuleOlderThanVersion32_LacksDecapsulation()
    {
        const string yaml = """
            name: hopeful
            encapsulation: CKM_ML_KEM
            keys:
              ml-kem-768: { generate: CKM_ML_KEM_KEY_PAIR_GEN, public: { CKA_PARAMETER_SET: CKP_ML_KEM_768 }, publicKey: value }
            """;
        Assert.Null(Cryptoki32.Find(SoftHsmFixture.Module));
        Assert.Empty(Cryptoki32.Interfaces(SoftHsmFixture.Module));
        Assert.Contains("PKCS 11 3.2", Cryptoki32.Interfaces(nss.Options.ModulePath));
        await using var provider = await SoftHsmFixture.OpenAsync(softHsm.Token("no-ml-kem") with { Token = TokenDescriptionReader.Parse(yaml, "hopeful") });
        Assert.Equal(KeyCapabilities.None, provider.CapabilitiesFor(KeyAlgorithm.MlKem768) & (KeyCapabilities.Decapsulate | KeyCapabilities.Generate));
        var error = await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateDecapsulationKeyAsync(new("k", KeyAlgorithm.MlKem768, KeyPurpose.KeyEstablishment), default));
        Assert.Contains("CKM_ML_KEM_KEY_PAIR_GEN", error.Message, StringComparison.Ordinal);
        await using var plain = await SoftHsmFixture.OpenAsync(softHsm.Token("no-ml-kem"));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await plain.GenerateDecapsulationKeyAsync(new("k", KeyAlgorithm.MlKem768, KeyPurpose.KeyEstablishment), default));
    }

    private static string Label() => $"kem-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}";
}
