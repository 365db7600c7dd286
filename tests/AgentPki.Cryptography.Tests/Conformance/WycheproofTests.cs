using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>Project Wycheproof's vectors (<c>tests/vectors/wycheproof</c>): what known mistakes of implementations accept, we refuse.</summary>
public sealed class WycheproofTests
{
    private static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());

    [Theory]
    [InlineData("ecdsa_secp256r1_sha256_test", "ecdsa-sha256", 484)]
    [InlineData("ecdsa_secp384r1_sha384_test", "ecdsa-sha384", 504)]
    [InlineData("rsa_signature_3072_sha256_test", "rsa-pkcs1-sha256", 259)]
    [InlineData("rsa_pss_3072_sha256_mgf1_32_test", "rsa-pss-sha256", 108)]
    [InlineData("ed25519_test", "ed25519", 150)]
    public void Verify_ClassicalSignature_IsJudgedAsWycheproofJudgesIt(string file, string name, int count)
    {
        var algorithm = SignatureAlgorithm.Find(name);
        Assert.NotNull(algorithm);
        var seen = 0;
        foreach (var group in Groups(file))
        {
            var key = PublicKey.Parse(Convert.FromHexString(group.Text("publicKeyDer")));
            foreach (var test in Tests(group))
            {
                // "acceptable" is a PKCS #1 signature whose DigestInfo lacks the NULL: RFC 8017 §9.2 note 2 lets a verifier refuse it, and this one does.
                Assert.True(Providers.Verify(key, algorithm, test.Hex("msg"), test.Hex("sig")) == (test.Text("result") == "valid"), $"{file} {test.GetProperty("tcId")}");
                seen++;
            }
        }

        Assert.Equal(count, seen);
    }

    [Theory]
    [InlineData("ml-dsa-44", 29)]
    [InlineData("ml-dsa-65", 16)]
    [InlineData("ml-dsa-87", 18)]
    public void Verify_MlDsaSignature_IsJudgedAsWycheproofJudgesIt(string name, int count)
    {
        var algorithm = VectorFile.Named(name);
        var seen = 0;
        foreach (var group in Groups($"mldsa_{name[^2..]}_verify_test"))
        {
            var key = Try(() => PublicKey.FromKeyBits(algorithm, group.Hex("publicKey")));
            foreach (var test in Tests(group))
            {
                seen++;
                var context = Context(test);
                Assert.True(key is not null && context.Length <= 255 || test.Text("result") == "invalid");
                if (key is null || context.Length > 255)
                {
                    continue; // a key of the wrong length has no PublicKey; no SignatureAlgorithm has a context of more than 255 octets
                }

                foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Verify))
                {
                    Assert.True(provider.Verify(key, algorithm.InContext(context), test.Hex("msg"), test.Hex("sig")) == (test.Text("result") == "valid"), $"{provider.Name} {name} {test.GetProperty("tcId")}");
                }
            }
        }

        Assert.Equal(count, seen);
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    public void Import_MlDsaSeed_GivesTheKeyOfTheSignatureOrIsRefused(string name)
    {
        var algorithm = VectorFile.Named(name);
        foreach (var group in Groups($"mldsa_{name[^2..]}_sign_seed_test"))
        {
            var pkcs8 = Pkcs8.Seed(algorithm, group.Hex("privateSeed"));
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Sign))
            {
                if (group.Hex("privateSeed").Length != 32)
                {
                    Assert.Throws<CryptographicException>(() => provider.Open(pkcs8));
                    continue;
                }

                var key = provider.Open(pkcs8).PublicKey;
                Assert.Equal(group.Hex("publicKey"), key.KeyBits.ToArray());
                foreach (var test in Tests(group).Where(t => t.Text("result") == "valid"))
                {
                    Assert.True(provider.Verify(key, algorithm.InContext(Context(test)), test.Hex("msg"), test.Hex("sig")), $"{provider.Name} {name} {test.GetProperty("tcId")}");
                }
            }
        }
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    public void Import_MlDsaExpandedKeyOfWrongLengthOrRange_IsRefused(string name)
    {
        var algorithm = VectorFile.Named(name);
        foreach (var group in Groups($"mldsa_{name[^2..]}_sign_noseed_test"))
        {
            Assert.All(
                SoftwareProviders.That(algorithm, KeyCapabilities.Sign),
                p => Assert.Throws<CryptographicException>(() => p.Open(Pkcs8.Expanded(algorithm, group.Hex("privateKey")))));
        }
    }

    [Theory]
    [InlineData("ml-kem-512")]
    [InlineData("ml-kem-768")]
    [InlineData("ml-kem-1024")]
    public async Task Decapsulate_SeedAndCiphertext_GivesTheSecretOrIsRefused(string name)
    {
        var algorithm = VectorFile.Named(name);
        foreach (var test in Groups($"mlkem_{name[7..]}_test").SelectMany(Tests))
        {
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Decapsulate))
            {
                var secret = await Decapsulate(provider, Pkcs8.Seed(algorithm, test.Hex("seed")), test);
                Assert.True((secret is not null) == (test.Text("result") == "valid"), $"{provider.Name} {name} {test.GetProperty("tcId")}");
                Assert.True(secret is null || secret.AsSpan().SequenceEqual(test.Hex("K")), $"{provider.Name} {name} {test.GetProperty("tcId")}");
            }
        }
    }

    [Theory]
    [InlineData("ml-kem-512")]
    [InlineData("ml-kem-768")]
    [InlineData("ml-kem-1024")]
    public async Task Decapsulate_ExpandedKey_GivesTheSecretOrIsRefused(string name)
    {
        var algorithm = VectorFile.Named(name);
        foreach (var test in Groups($"mlkem_{name[7..]}_semi_expanded_decaps_test").SelectMany(Tests))
        {
            foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Decapsulate))
            {
                var secret = await Decapsulate(provider, Pkcs8.Expanded(algorithm, test.Hex("dk")), test);
                Assert.True((secret is not null) == (test.Text("result") == "valid"), $"{provider.Name} {name} {test.GetProperty("tcId")}");
                Assert.True(secret is null || secret.AsSpan().SequenceEqual(test.Hex("K")), $"{provider.Name} {name} {test.GetProperty("tcId")}");
            }
        }
    }

    [Theory]
    [InlineData("ml-kem-512")]
    [InlineData("ml-kem-768")]
    [InlineData("ml-kem-1024")]
    public void Parse_EncapsulationKey_IsRefusedExactlyWhenInvalid(string name)
    {
        var algorithm = VectorFile.Named(name);
        foreach (var test in Groups($"mlkem_{name[7..]}_encaps_test").SelectMany(Tests))
        {
            var valid = test.Text("result") == "valid";
            Assert.True(Try(() => PublicKey.FromKeyBits(algorithm, test.Hex("ek"))) is not null == valid, $"{name} {test.GetProperty("tcId")}");
        }
    }

    private static IEnumerable<JsonElement> Groups(string file) => VectorFile.ReadJson("wycheproof/" + file).GetProperty("testGroups").EnumerateArray();

    private static IEnumerable<JsonElement> Tests(JsonElement group) => group.GetProperty("tests").EnumerateArray();

    private static byte[] Context(JsonElement test) => test.TryGetProperty("ctx", out _) ? test.Hex("ctx") : [];

    private static async Task<byte[]?> Decapsulate(ICryptoProvider provider, byte[] pkcs8, JsonElement test)
    {
        try
        {
            await using var key = provider.OpenDecapsulation(pkcs8);
            return await key.DecapsulateAsync(test.Hex("c"), default);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static PublicKey? Try(Func<PublicKey> parse)
    {
        try
        {
            return parse();
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
