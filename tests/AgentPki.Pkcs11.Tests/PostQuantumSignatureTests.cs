using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>ML-DSA inside a PKCS#11 3.2 token, judged by BouncyCastle: what the provider contract does not ask.</summary>
[Collection("NSS")]
public sealed class PostQuantumSignatureTests(NssFixture nss, SoftHsmFixture softHsm)
{
    private static readonly byte[] Message = "the message"u8.ToArray();
    private static int _labels;

    public static TheoryData<string> MlDsa => ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];

    [Theory]
    [MemberData(nameof(MlDsa))]
    public async Task SignAsync_MlDsa_VerifiesByBouncyCastleAndAfterARestart(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var label = Label();
        PublicKey publicKey;
        await using (var provider = await nss.OpenAsync())
        {
            Assert.Equal(KeyCapabilities.Generate | KeyCapabilities.Sign, provider.CapabilitiesFor(algorithm) & (KeyCapabilities.Generate | KeyCapabilities.Sign));
            await using var key = await provider.GenerateAsync(new(label, algorithm, KeyPurpose.CertificateAuthority), default);
            publicKey = key.PublicKey;
            Assert.Equal((algorithm, algorithm.PublicKeySize), (publicKey.Algorithm, publicKey.KeyBits.Length));
            var signature = await key.SignAsync(algorithm.DefaultSignature, Message, default);
            Assert.Equal(algorithm.SignatureSize, signature.Length);
            Assert.True(Verifies(publicKey, Message, signature));
            Assert.False(Verifies(publicKey, "another"u8.ToArray(), signature));
        }

        await using var again = await nss.OpenAsync();
        await using var opened = await again.OpenAsync(label, default);
        Assert.Equal((publicKey, KeyPurpose.CertificateAuthority), (opened!.PublicKey, opened.Purpose));
        Assert.True(Verifies(publicKey, Message, await opened.SignAsync(algorithm.DefaultSignature, Message, default)));
    }

    [Fact]
    public async Task SignAsync_LongMessage_IsSignedWhole()
    {
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa44, KeyPurpose.CertificateAuthority), default);
        var crl = new byte[3_000_000];
        crl[^1] = 7;
        Assert.True(Verifies(key.PublicKey, crl, await key.SignAsync(KeyAlgorithm.MlDsa44.DefaultSignature, crl, default)));
    }

    [Fact]
    public async Task SignAsync_DefaultAndDeterministic_DifferAndRepeat()
    {
        await using var provider = await nss.OpenAsync();
        var label = Label();
        await using var key = await provider.GenerateAsync(new(label, KeyAlgorithm.MlDsa65, KeyPurpose.CertificateAuthority), default);
        var with = KeyAlgorithm.MlDsa65.DefaultSignature;
        Assert.NotEqual(await key.SignAsync(with, Message, default), await key.SignAsync(with, Message, default));

        await using var deterministic = await nss.OpenAsync(Description("hedge: deterministic"));
        await using var same = await deterministic.OpenAsync(label, default);
        var first = await same!.SignAsync(with, Message, default);
        Assert.Equal(first, await same.SignAsync(with, Message, default));
        Assert.True(Verifies(key.PublicKey, Message, first));

        await using var untold = await nss.OpenAsync(Description(""));
        await using var plain = await untold.OpenAsync(label, default);
        Assert.True(Verifies(key.PublicKey, Message, await plain!.SignAsync(with, Message, default)));
    }

    [Fact]
    public async Task SignAsync_HalfOfAComposite_CarriesItsContextAndNoOther()
    {
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), default);
        foreach (var composite in (KeyAlgorithm[])[KeyAlgorithm.MlDsa65EcdsaP256, KeyAlgorithm.MlDsa65Ed25519, KeyAlgorithm.MlDsa65EcdsaP256])
        {
            var signature = await key.SignAsync(SignatureAlgorithm.MlDsaHalfOf(composite), Message, default);
            Assert.True(Verifies(key.PublicKey, Message, signature, composite.Composite!.LabelText));
            Assert.False(Verifies(key.PublicKey, Message, signature, composite.Composite.LabelText + "x"));
            Assert.False(Verifies(key.PublicKey, Message, signature));
        }

        await using var deterministic = await nss.OpenAsync(Description("hedge: deterministic"));
        await using var same = await deterministic.OpenAsync(key.Reference.Label, default);
        var (one, other) = (SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa65EcdsaP256), SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa65Ed25519));
        Assert.Equal(await same!.SignAsync(one, Message, default), await same.SignAsync(one, Message, default));
        Assert.NotEqual(await same.SignAsync(one, Message, default), await same.SignAsync(other, Message, default));
    }

    [Fact]
    public async Task SignAsync_HalfByItselfOrWholeAsHalf_IsRefused()
    {
        await using var provider = await nss.OpenAsync();
        var half = SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa65EcdsaP256);
        await using var component = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), default);
        await using var whole = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa65, KeyPurpose.CertificateAuthority), default);
        await Assert.ThrowsAsync<ArgumentException>(async () => await component.SignAsync(KeyAlgorithm.MlDsa65.DefaultSignature, Message, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await whole.SignAsync(half, Message, default));
        await using var again = await provider.OpenAsync(component.Reference.Label, default);
        Assert.Equal(KeyPurpose.CompositeHalf, again!.Purpose);
        await Assert.ThrowsAsync<ArgumentException>(async () => await again.SignAsync(KeyAlgorithm.MlDsa65.DefaultSignature, Message, default));
    }

    [Fact]
    public async Task SignAsync_MessageBeyondTheTokensLimit_SaysWhyHashingOutsideIsImpossible()
    {
        await using var provider = await nss.OpenAsync(Description("maxInput: 16"));
        await using var key = await provider.GenerateAsync(new(Label(), KeyAlgorithm.MlDsa65, KeyPurpose.Probe), default);
        Assert.True(Verifies(key.PublicKey, new byte[16], await key.SignAsync(KeyAlgorithm.MlDsa65.DefaultSignature, new byte[16], default)));
        var error = await Assert.ThrowsAsync<NotSupportedException>(async () => await key.SignAsync(KeyAlgorithm.MlDsa65.DefaultSignature, new byte[17], default));
        Assert.Contains("16 octets", error.Message, StringComparison.Ordinal);
        Assert.Contains("17", error.Message, StringComparison.Ordinal);
        Assert.Contains("whole message", error.Message, StringComparison.Ordinal);
        Assert.True(provider.IsHealthy);
    }

    [Fact]
    public async Task GenerateAsync_MlDsaInSoftHsm_SaysThatTheTokenLacksIt()
    {
        await using var provider = await SoftHsmFixture.OpenAsync(softHsm.Token("no-ml-dsa"));
        Assert.Equal(KeyCapabilities.None, provider.CapabilitiesFor(KeyAlgorithm.MlDsa65));
        var undescribed = await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(new("k", KeyAlgorithm.MlDsa65, KeyPurpose.CertificateAuthority), default));
        Assert.Contains("makes no ml-dsa-65 keys", undescribed.Message, StringComparison.Ordinal);

        // Even a description that promises too much does not make it more than it is.
        await using var hopeful = await SoftHsmFixture.OpenAsync(softHsm.Token("no-ml-dsa") with { Token = Description("") });
        Assert.Equal(KeyCapabilities.None, hopeful.CapabilitiesFor(KeyAlgorithm.MlDsa65));
        var lacking = await Assert.ThrowsAsync<NotSupportedException>(async () => await hopeful.GenerateAsync(new("k", KeyAlgorithm.MlDsa65, KeyPurpose.CertificateAuthority), default));
        Assert.Contains("CKM_ML_DSA_KEY_PAIR_GEN", lacking.Message, StringComparison.Ordinal);
        Assert.True(hopeful.IsHealthy);
    }

    [Fact]
    public async Task GenerateAsync_MlDsa_NeverShowsValueOrSeed()
    {
        await using var provider = await nss.OpenAsync();
        foreach (var algorithm in (KeyAlgorithm[])[KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87])
        {
            var label = Label();
            await using var key = await provider.GenerateAsync(new(label, algorithm, KeyPurpose.CertificateAuthority), default);
            var listed = TokenAdministration.ListKeys(nss.Options).Single(k => k.Label == label);
            Assert.Equal((algorithm, true), (listed.Algorithm, listed.NeverLeft));
            TokenPeek.At(nss.Options, s =>
            {
                var handle = s.PrivateKey(label);
                Assert.Null(s.Read(handle, CKA.CKA_VALUE));
                Assert.Null(s.Read(handle, NewerConstants.Seed));
                Assert.Equal((true, false, true), (s.ReadBool(handle, CKA.CKA_SENSITIVE), s.ReadBool(handle, CKA.CKA_EXTRACTABLE), s.ReadBool(handle, CKA.CKA_SIGN)));
                return true;
            });
        }
    }

    [Fact]
    public async Task OpenAsync_MlDsaKeyThatCouldLeaveTheToken_IsRefusedByAttribute()
    {
        await using var provider = await nss.OpenAsync();
        var label = Label();
        var named = AttributeTemplate.Empty.With(CKA.CKA_TOKEN, true).With(CKA.CKA_ID, KeyNaming.Id(label)).With(CKA.CKA_LABEL, KeyNaming.TokenLabel(label, KeyPurpose.CertificateAuthority));
        TokenPeek.At(nss.Options, s =>
        {
            s.Generate(0x1c, named.With(NewerConstants.ParameterSet, 2), named.With(CKA.CKA_PRIVATE, true).With(CKA.CKA_EXTRACTABLE, true).With(CKA.CKA_SIGN, true));
            return true;
        });
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.OpenAsync(label, default));
        Assert.Matches("CKA_(SENSITIVE|EXTRACTABLE)", error.Message);
        Assert.True(provider.IsHealthy);
        // The fixture's other tests look for weak keys in this token.
        TokenPeek.At(nss.Options, s => s.Destroy(s.PrivateKey(label)));
    }

    private static string Label() => $"pq-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}";

    private static TokenDescription Description(string more) => TokenDescriptionReader.Parse(
        $$"""
        name: t
        preload: [libnssutil3.so]
        keys:
          ml-dsa-65: { generate: CKM_ML_DSA_KEY_PAIR_GEN, public: { CKA_PARAMETER_SET: CKP_ML_DSA_65 }, publicKey: value }
        signatures:
          ml-dsa-65: { mechanism: CKM_ML_DSA, input: message{{(more.Length > 0 ? ", " + more : "")}} }
        """,
        "t");

    private static bool Verifies(PublicKey key, byte[] message, byte[] signature, string context = "")
    {
        var publicKey = (MLDsaPublicKeyParameters)PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray());
        var verifier = new MLDsaSigner(publicKey.Parameters, deterministic: false);
        verifier.Init(false, context.Length > 0 ? new ParametersWithContext(publicKey, Encoding.ASCII.GetBytes(context)) : publicKey);
        verifier.BlockUpdate(message, 0, message.Length);
        return verifier.VerifySignature(signature);
    }
}
