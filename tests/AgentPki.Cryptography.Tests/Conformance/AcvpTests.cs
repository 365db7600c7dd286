using System.Security.Cryptography;
using System.Text.Json;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;
using Xunit;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>NIST's ACVP vectors for FIPS 203, 204 and 205 (<c>tests/vectors/acvp</c>), on every software provider that has the algorithm.</summary>
public sealed class AcvpTests
{
    public static TheoryData<string> Sets(string family) => [.. KeyAlgorithm.All.Where(a => a.Family.ToString() == family).Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.MlDsa))]
    public void MlDsaKeyGen_Seed_GivesTheKeysOfFips204(string set) => LatticeKeys("acvp/ml-dsa-keygen", set, v => v.Hex("seed"), "pk", "sk");

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.MlKem))]
    public void MlKemKeyGen_Seed_GivesTheKeysOfFips203(string set) => LatticeKeys("acvp/ml-kem-keygen", set, v => [.. v.Hex("d"), .. v.Hex("z")], "ek", "dk");

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.MlKem))]
    public async Task MlKemDecapsulation_Ciphertext_GivesTheSecret(string set)
    {
        foreach (var vector in Of("acvp/ml-kem-decapsulation", set))
        {
            foreach (var provider in SoftwareProviders.That(vector.Algorithm(), KeyCapabilities.Decapsulate))
            {
                await using var key = provider.OpenDecapsulation(Pkcs8.Expanded(vector.Algorithm(), vector.Hex("dk")));
                Assert.Equal(vector.Hex("k"), await key.DecapsulateAsync(vector.Hex("c"), default));
            }
        }
    }

    /// <summary>The randomness of an encapsulation is nobody's to choose but a test's: of the library that stands behind the provider.</summary>
    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.MlKem))]
    public void MlKemEncapsulation_FixedRandomness_GivesCiphertextAndSecret(string set)
    {
        foreach (var vector in Of("acvp/ml-kem-encapsulation", set))
        {
            var key = PublicKey.FromKeyBits(vector.Algorithm(), vector.Hex("ek"));
            var recipient = (MLKemPublicKeyParameters)PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray());
            var encapsulator = new MLKemEncapsulator(recipient.Parameters);
            encapsulator.Init(new ParametersWithRandom(recipient, new FixedRandom(vector.Hex("m"))));
            var (ciphertext, secret) = (new byte[encapsulator.EncapsulationLength], new byte[encapsulator.SecretLength]);
            encapsulator.Encapsulate(ciphertext, secret);
            Assert.Equal(vector.Hex("c"), ciphertext);
            Assert.Equal(vector.Hex("k"), secret);
        }
    }

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.SlhDsa))]
    public void SlhDsaKeyGen_Key_IsOpenedWithItsPublicKeyAndWrittenBack(string set)
    {
        foreach (var vector in Of("acvp/slh-dsa-keygen", set))
        {
            var pkcs8 = Pkcs8.Raw(vector.Algorithm(), vector.Hex("sk"));
            foreach (var provider in SoftwareProviders.That(vector.Algorithm(), KeyCapabilities.Sign))
            {
                var key = provider.Open(pkcs8);
                Assert.Equal(vector.Hex("pk"), key.PublicKey.KeyBits.ToArray());
                Assert.Equal(pkcs8, key.ExportPkcs8());
            }
        }
    }

    /// <summary>The fast sets; the small ones build a hundred times as many hash chains and are in the full tier.</summary>
    [Theory]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("slh-dsa-shake-128f")]
    [InlineData("slh-dsa-sha2-192f")]
    public void SlhDsaKeyGen_Seeds_GiveTheKeysOfFips205(string set) => GenerateSlhDsa(set);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.SlhDsa))]
    public void SlhDsaKeyGen_SeedsOfEverySet_GiveTheKeysOfFips205(string set) => GenerateSlhDsa(set);

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.SlhDsa))]
    public void SlhDsaSigGen_Signature_VerifiesInItsContextAlone(string set)
    {
        foreach (var vector in Of("acvp/slh-dsa-siggen", set))
        {
            var (algorithm, context, signature) = (vector.Algorithm(), vector.Hex("context"), vector.Hex("signature"));
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Verify))
            {
                var key = provider.Open(Pkcs8.Raw(algorithm, vector.Hex("sk"))).PublicKey;
                Assert.True(provider.Verify(key, algorithm.InContext(context), vector.Hex("message"), signature));
                Assert.False(provider.Verify(key, algorithm.InContext([.. context.Take(254), 0]), vector.Hex("message"), signature));
            }
        }
    }

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.SlhDsa))]
    public void SlhDsaSigGen_Deterministic_IsTheSameSignature(string set)
    {
        foreach (var vector in Of("acvp/slh-dsa-siggen", set))
        {
            var key = (SlhDsaPrivateKeyParameters)PrivateKeyFactory.CreateKey(Pkcs8.Raw(vector.Algorithm(), vector.Hex("sk")));
            var signer = new SlhDsaSigner(key.Parameters, deterministic: true);
            signer.Init(true, new ParametersWithContext(key, vector.Hex("context")));
            signer.BlockUpdate(vector.Hex("message"));
            Assert.Equal(vector.Hex("signature"), signer.GenerateSignature());
        }
    }

    [Theory]
    [InlineData("slh-dsa-sha2-128s")]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("slh-dsa-shake-128s")]
    [InlineData("slh-dsa-shake-128f")]
    public void SlhDsaSigVer_Signature_IsJudgedAsNistJudgesIt(string set)
    {
        foreach (var vector in Of("acvp/slh-dsa-sigver", set))
        {
            var algorithm = vector.Algorithm();
            var key = PublicKey.FromKeyBits(algorithm, vector.Hex("pk"));
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Verify))
            {
                Assert.Equal(vector.GetProperty("testPassed").GetBoolean(), provider.Verify(key, algorithm.InContext(vector.Hex("context")), vector.Hex("message"), vector.Hex("signature")));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets), nameof(AlgorithmFamily.MlDsa))]
    public async Task MlDsaDeterministic_SeedMessageAndContext_GiveKeyAndSignature(string set)
    {
        foreach (var vector in Of("ml-dsa-kat/ml-dsa-deterministic", set))
        {
            var algorithm = vector.Algorithm();
            var (with, message, signature) = (algorithm.InContext(vector.Hex("context")), vector.Hex("message"), vector.Hex("signature"));
            Assert.NotNull(with.HalfOf); // every one of them has a context
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Sign | KeyCapabilities.Verify))
            {
                await using var key = provider.Open(Pkcs8.Seed(algorithm, vector.Hex("xi")), KeyPurpose.CompositeHalf);
                Assert.Equal(vector.Hex("pk"), key.PublicKey.KeyBits.ToArray());
                Assert.True(provider.Verify(key.PublicKey, with, message, signature));
                Assert.False(provider.Verify(key.PublicKey, algorithm.DefaultSignature, message, signature));

                var hedged = await key.SignAsync(with, message, default);
                Assert.NotEqual(signature, hedged);
                Assert.True(provider.Verify(key.PublicKey, with, message, hedged));
            }

            var foreign = (MLDsaPrivateKeyParameters)PrivateKeyFactory.CreateKey(Pkcs8.Seed(algorithm, vector.Hex("xi")));
            var signer = new MLDsaSigner(foreign.Parameters, deterministic: true);
            signer.Init(true, new ParametersWithContext(foreign, vector.Hex("context")));
            signer.BlockUpdate(message);
            Assert.Equal(signature, signer.GenerateSignature());
        }
    }

    private static IEnumerable<JsonElement> Of(string file, string set)
    {
        var found = VectorFile.ReadJson(file).EnumerateArray().Where(v => v.Algorithm().Name == set).ToArray();
        Assert.NotEmpty(found);
        return found;
    }

    private static void LatticeKeys(string file, string set, Func<JsonElement, byte[]> seedOf, string publicKey, string expandedKey)
    {
        foreach (var vector in Of(file, set))
        {
            var (algorithm, seed, expanded) = (vector.Algorithm(), seedOf(vector), vector.Hex(expandedKey));
            foreach (var provider in SoftwareProviders.That(algorithm, algorithm.CanSign ? KeyCapabilities.Sign : KeyCapabilities.Decapsulate))
            {
                var fromSeed = Open(provider, Pkcs8.Seed(algorithm, seed));
                Assert.Equal(vector.Hex(publicKey), fromSeed.PublicKey.KeyBits.ToArray());
                Assert.Equal(Pkcs8.Seed(algorithm, seed), fromSeed.Pkcs8);
                Assert.Equal(fromSeed, Open(provider, Pkcs8.Both(algorithm, seed, expanded)), Same);
                var fromExpanded = Open(provider, Pkcs8.Expanded(algorithm, expanded));
                Assert.Equal((fromSeed.PublicKey, Pkcs8.Expanded(algorithm, expanded)), fromExpanded, Same);
            }
        }
    }

    private static bool Same((PublicKey PublicKey, byte[] Pkcs8) one, (PublicKey PublicKey, byte[] Pkcs8) other) => one.PublicKey.Equals(other.PublicKey) && one.Pkcs8.AsSpan().SequenceEqual(other.Pkcs8);

    private static (PublicKey PublicKey, byte[] Pkcs8) Open(ICryptoProvider provider, byte[] pkcs8)
    {
        try
        {
            var key = provider.Open(pkcs8);
            return (key.PublicKey, key.ExportPkcs8());
        }
        catch (CryptographicException)
        {
            var key = provider.OpenDecapsulation(pkcs8);
            return (key.PublicKey, key.ExportPkcs8());
        }
    }

    private static void GenerateSlhDsa(string set)
    {
        foreach (var vector in Of("acvp/slh-dsa-keygen", set).Take(1))
        {
            var parameters = ((SlhDsaPublicKeyParameters)PublicKeyFactory.CreateKey(PublicKey.FromKeyBits(vector.Algorithm(), vector.Hex("pk")).SubjectPublicKeyInfo.ToArray())).Parameters;
            var generator = new SlhDsaKeyPairGenerator();
            generator.Init(new SlhDsaKeyGenerationParameters(new FixedRandom(vector.Hex("skSeed"), vector.Hex("skPrf"), vector.Hex("pkSeed")), parameters));
            Assert.Equal(vector.Hex("sk"), ((SlhDsaPrivateKeyParameters)generator.GenerateKeyPair().Private).GetEncoded());
        }
    }
}
