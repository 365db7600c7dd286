using System.Formats.Asn1;
using System.Security.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>Private keys in every form of RFC 9881 §6, 9909 §7 and 9935 §6, and the examples of those standards (<c>tests/vectors/rfc*</c>).</summary>
public sealed class PrivateKeyFormTests
{
    [Theory]
    [InlineData("ML-DSA-44")]
    [InlineData("ML-DSA-65")]
    [InlineData("ML-DSA-87")]
    public void ImportSigningKey_ExamplesOfRfc9881_AreOneKey(string name)
    {
        var spki = PublicKey.Parse(VectorFile.ReadPem($"rfc9881/{name}.pub"));
        var seed = VectorFile.ReadPem($"rfc9881/{name}-seed");
        foreach (var provider in SoftwareProviders.That(spki.Algorithm, KeyCapabilities.Sign))
        {
            var (fromSeed, fromBoth, fromExpanded) = (provider.Open(seed), provider.Open(VectorFile.ReadPem($"rfc9881/{name}-both")), provider.Open(VectorFile.ReadPem($"rfc9881/{name}-expanded")));
            Assert.Equal([spki, spki, spki], [fromSeed.PublicKey, fromBoth.PublicKey, fromExpanded.PublicKey]);
            Assert.Equal(seed, fromSeed.ExportPkcs8());
            Assert.Equal(seed, fromBoth.ExportPkcs8());
            Assert.Equal(VectorFile.ReadPem($"rfc9881/{name}-expanded"), fromExpanded.ExportPkcs8());
        }

        Assert.Equal(spki, SoftwareKeys.ImportSigningKey("example", KeyPurpose.Subject, seed).PublicKey);
    }

    [Theory]
    [InlineData("ML-KEM-512")]
    [InlineData("ML-KEM-768")]
    [InlineData("ML-KEM-1024")]
    public void ImportDecapsulationKey_ExamplesOfRfc9935_AreOneKey(string name)
    {
        var spki = PublicKey.Parse(VectorFile.ReadPem($"rfc9935/{name}.pub"));
        var seed = VectorFile.ReadPem($"rfc9935/{name}-seed");
        foreach (var provider in SoftwareProviders.That(spki.Algorithm, KeyCapabilities.Decapsulate))
        {
            var (fromSeed, fromBoth, fromExpanded) = (
                provider.OpenDecapsulation(seed),
                provider.OpenDecapsulation(VectorFile.ReadPem($"rfc9935/{name}-both")),
                provider.OpenDecapsulation(VectorFile.ReadPem($"rfc9935/{name}-expanded")));
            Assert.Equal([spki, spki, spki], [fromSeed.PublicKey, fromBoth.PublicKey, fromExpanded.PublicKey]);
            Assert.Equal(seed, fromSeed.ExportPkcs8());
            Assert.Equal(seed, fromBoth.ExportPkcs8());
            Assert.Equal(VectorFile.ReadPem($"rfc9935/{name}-expanded"), fromExpanded.ExportPkcs8());
        }

        Assert.Equal(spki, SoftwareKeys.ImportDecapsulationKey("example", KeyPurpose.Subject, seed).PublicKey);
    }

    [Fact]
    public void ImportSigningKey_InconsistentExampleOfRfc9881_IsRefusedWithItsOwnText()
    {
        var bad = VectorFile.ReadPem("rfc9881/bad-ML-DSA-44-1");
        foreach (var provider in SoftwareProviders.That(KeyAlgorithm.MlDsa44, KeyCapabilities.Sign))
        {
            Assert.Contains("does not expand to the expanded key beside it (RFC 9881 §6)", Assert.Throws<CryptographicException>(() => provider.Open(bad)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>As the second and third bad examples of RFC 9881: the hash of the public key, and the low bits t0, changed in the expanded key.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(128 + (8 * 96))]
    [InlineData(2559)]
    public void ImportSigningKey_ExpandedKeyWhosePartsContradict_IsRefusedWithItsOwnText(int position)
    {
        var expanded = new AsnReader(Pkcs8.PrivateKeyOf(VectorFile.ReadPem("rfc9881/ML-DSA-44-expanded")), AsnEncodingRules.DER).ReadOctetString();
        expanded[position] ^= 1;
        foreach (var provider in SoftwareProviders.That(KeyAlgorithm.MlDsa44, KeyCapabilities.Sign))
        {
            Assert.Contains("contradict each other (RFC 9881 §6)", Assert.Throws<CryptographicException>(() => provider.Open(Pkcs8.Expanded(KeyAlgorithm.MlDsa44, expanded))).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>As the bad examples of RFC 9935: another seed, the secret vector, and the hash of the public key changed.</summary>
    [Fact]
    public void ImportDecapsulationKey_InconsistentKeys_AreRefusedWithTheirOwnText()
    {
        var algorithm = KeyAlgorithm.MlKem512;
        var expanded = new AsnReader(Pkcs8.PrivateKeyOf(VectorFile.ReadPem("rfc9935/ML-KEM-512-expanded")), AsnEncodingRules.DER).ReadOctetString();
        var otherSeed = new byte[64];
        foreach (var provider in SoftwareProviders.That(algorithm, KeyCapabilities.Decapsulate))
        {
            Refused(provider, Pkcs8.Both(algorithm, otherSeed, expanded), "does not expand to the expanded key beside it (RFC 9935 §6)");
            Refused(provider, Pkcs8.Expanded(algorithm, Changed(expanded, 0)), "contradict each other (RFC 9935 §6)");
            Refused(provider, Pkcs8.Expanded(algorithm, Changed(expanded, expanded.Length - 64)), "contradict each other (RFC 9935 §6)");
        }

        static void Refused(ICryptoProvider provider, byte[] pkcs8, string text) =>
            Assert.Contains(text, Assert.Throws<CryptographicException>(() => provider.OpenDecapsulation(pkcs8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_CertificateOfRfc9909_IsSelfSigned()
    {
        var certificate = new AsnReader(VectorFile.ReadPem("rfc9909/certificate"), AsnEncodingRules.DER).ReadSequence();
        var tbs = certificate.ReadEncodedValue();
        var algorithm = SignatureAlgorithm.FromAlgorithmIdentifier(certificate.ReadEncodedValue().Span);
        var signature = certificate.ReadBitString(out _);
        Assert.Equal("slh-dsa-sha2-128s", algorithm?.Name);
        var fields = new AsnReader(tbs, AsnEncodingRules.DER).ReadSequence();
        for (var before = 0; before < 6; before++)
        {
            fields.ReadEncodedValue(); // version, serialNumber, signature, issuer, validity, subject
        }

        var key = PublicKey.Parse(fields.ReadEncodedValue());
        foreach (var provider in SoftwareProviders.That(key.Algorithm, KeyCapabilities.Verify))
        {
            Assert.True(provider.Verify(key, key.Algorithm.DefaultSignature, tbs.Span, signature));
            signature[^1] ^= 1;
            Assert.False(provider.Verify(key, key.Algorithm.DefaultSignature, tbs.Span, signature));
            signature[^1] ^= 1;
        }
    }

    [Fact]
    public async Task Import_KeyMadeByOneProvider_IsTheSameOctetsInTheOther()
    {
        foreach (var algorithm in new[] { KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87, KeyAlgorithm.SlhDsaSha2Fast128, KeyAlgorithm.SlhDsaShakeFast256 })
        {
            foreach (var maker in SoftwareProviders.That(algorithm, KeyCapabilities.Generate))
            {
                await using var made = (SoftwareSigningKey)await maker.GenerateAsync(new KeySpec("made", algorithm, KeyPurpose.Subject), default);
                foreach (var other in SoftwareProviders.That(algorithm, KeyCapabilities.Sign))
                {
                    await using var opened = other.Open(made.ExportPkcs8());
                    Assert.Equal(made.PublicKey, opened.PublicKey);
                    Assert.Equal(made.ExportPkcs8(), opened.ExportPkcs8());
                    var signature = await opened.SignAsync(algorithm.DefaultSignature, "message"u8.ToArray(), default);
                    Assert.True(maker.Verify(made.PublicKey, algorithm.DefaultSignature, "message"u8, signature));
                }
            }
        }

        foreach (var algorithm in new[] { KeyAlgorithm.MlKem512, KeyAlgorithm.MlKem768, KeyAlgorithm.MlKem1024 })
        {
            foreach (var maker in SoftwareProviders.That(algorithm, KeyCapabilities.Generate))
            {
                await using var made = (SoftwareDecapsulationKey)await maker.GenerateDecapsulationKeyAsync(new KeySpec("made", algorithm, KeyPurpose.Subject), default);
                foreach (var other in SoftwareProviders.That(algorithm, KeyCapabilities.Decapsulate))
                {
                    await using var opened = other.OpenDecapsulation(made.ExportPkcs8());
                    Assert.Equal(made.PublicKey, opened.PublicKey);
                    Assert.Equal(made.ExportPkcs8(), opened.ExportPkcs8());
                    var sent = await maker.EncapsulateAsync(opened.PublicKey, default);
                    Assert.Equal(sent.SharedSecret, await opened.DecapsulateAsync(sent.Ciphertext, default));
                }
            }
        }
    }

    [Fact]
    public async Task ImportSigningKey_ClassicalKeys_OpenAsBefore()
    {
        foreach (var algorithm in new[] { KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa2048, KeyAlgorithm.Ed25519 })
        {
            ICryptoProvider maker = algorithm == KeyAlgorithm.Ed25519 ? new BouncyCastleProvider() : new PlatformProvider();
            await using var made = (SoftwareSigningKey)await maker.GenerateAsync(new KeySpec("made", algorithm, KeyPurpose.Subject), default);
            await using var opened = SoftwareKeys.ImportSigningKey("made", KeyPurpose.Subject, made.ExportPkcs8());
            Assert.Equal((made.PublicKey, maker.Name), (opened.PublicKey, opened.Reference.Provider));
        }
    }

    [Fact]
    public void Import_PublicKeyBesideThePrivateOne_MustBeItsOwn()
    {
        var algorithm = KeyAlgorithm.MlDsa44;
        var privateKey = Pkcs8.PrivateKeyOf(VectorFile.ReadPem("rfc9881/ML-DSA-44-seed"));
        var publicKey = PublicKey.Parse(VectorFile.ReadPem("rfc9881/ML-DSA-44.pub")).KeyBits.ToArray();
        Assert.NotNull(SoftwareKeys.ImportSigningKey("good", KeyPurpose.Subject, Pkcs8.Frame(algorithm.AlgorithmIdentifier.ToArray(), privateKey, publicKey)));
        publicKey[0] ^= 1;
        var refused = Assert.Throws<CryptographicException>(() => SoftwareKeys.ImportSigningKey("bad", KeyPurpose.Subject, Pkcs8.Frame(algorithm.AlgorithmIdentifier.ToArray(), privateKey, publicKey)));
        Assert.Contains("is not the private key's", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_MalformedOrForeignKeys_ThrowCryptographicExceptionAlone()
    {
        var good = VectorFile.ReadPem("rfc9881/ML-DSA-44-both");
        byte[][] bad =
        [
            [], [0x30], [0x05, 0x00], good[..^1], [.. good, 0],
            Pkcs8.Raw(KeyAlgorithm.SlhDsaSha2Fast128, new byte[63]),
            Pkcs8.Raw(KeyAlgorithm.Ed25519, [4, 31, .. new byte[31]]),
            Pkcs8.Raw(KeyAlgorithm.EcdsaP256, [0x30, 0x00]),
            Pkcs8.Raw(KeyAlgorithm.MlDsa65, Pkcs8.PrivateKeyOf(good)),
            Pkcs8.Frame([0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x05, 0x00], Pkcs8.PrivateKeyOf(good)), // a NULL where parameters are absent
            VectorFile.ReadPem("rfc9881/ML-DSA-44.pub"),
            VectorFile.ReadPem("rfc9935/ML-KEM-512-seed"),
        ];
        Assert.All(bad, b => Assert.Throws<CryptographicException>(() => SoftwareKeys.ImportSigningKey("bad", KeyPurpose.Subject, b)));
        Assert.Throws<CryptographicException>(() => SoftwareKeys.ImportDecapsulationKey("bad", KeyPurpose.Subject, good));
        foreach (var i in Enumerable.Range(0, 64).Where(i => i != 6)) // 6 is the version: RFC 5958 §2 leaves 1 without a public key to the reader
        {
            var changed = Changed(good, i);
            try
            {
                SoftwareKeys.ImportSigningKey("changed", KeyPurpose.Subject, changed);
                Assert.Fail($"Octet {i} changed, and the key was opened.");
            }
            catch (CryptographicException)
            {
            }
        }
    }

    [Fact]
    public void TryParse_PublicKeyOfWrongLengthOrCoefficient_SaysWhich()
    {
        foreach (var algorithm in KeyAlgorithm.All.Where(a => a.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem))
        {
            Assert.Equal(algorithm, PublicKey.FromKeyBits(algorithm, new byte[algorithm.PublicKeySize]).Algorithm);
            foreach (var length in new[] { 0, algorithm.PublicKeySize - 1, algorithm.PublicKeySize + 1 })
            {
                Assert.Contains($"is {algorithm.PublicKeySize} octets, not {length}", Assert.Throws<ArgumentException>(() => PublicKey.FromKeyBits(algorithm, new byte[length])).Message, StringComparison.Ordinal);
            }
        }

        var key = PublicKey.Parse(VectorFile.ReadPem("rfc9935/ML-KEM-512.pub")).KeyBits.ToArray();
        (key[765], key[766], key[767]) = (0x00, 0x10, 0xD0); // the last coefficient of all becomes 3329
        Assert.Contains("not below the modulus 3329 (FIPS 203 §7.2)", Assert.Throws<ArgumentException>(() => PublicKey.FromKeyBits(KeyAlgorithm.MlKem512, key)).Message, StringComparison.Ordinal);
        key[766] = 0;
        Assert.NotNull(PublicKey.FromKeyBits(KeyAlgorithm.MlKem512, key)); // 3328 is the greatest
    }

    private static byte[] Changed(byte[] octets, int position)
    {
        var changed = (byte[])octets.Clone();
        changed[position] ^= 1;
        return changed;
    }
}
