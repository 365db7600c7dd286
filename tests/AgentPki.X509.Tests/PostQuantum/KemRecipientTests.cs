using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.X509.Cms;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Cms;
using Recipient = AgentPki.X509.Cms.Recipient;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Xunit;

namespace AgentPki.X509.Tests.PostQuantum;

/// <summary>Envelopes for ML-KEM recipients (RFC 9629, RFC 9936): ours opened by ourselves and by BouncyCastle's parts put together as the standard says.</summary>
public sealed class KemRecipientTests
{
    private static readonly byte[] Content = "a private key, say"u8.ToArray();

    public static TheoryData<string, ContentEncryption> Forms => new()
    {
        { "ml-kem-512", ContentEncryption.Aes256Cbc }, { "ml-kem-768", ContentEncryption.Aes256Cbc }, { "ml-kem-768", ContentEncryption.Aes256Gcm }, { "ml-kem-1024", ContentEncryption.Aes256Gcm },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task EncryptAsync_ForAnEncapsulationKey_OpensWithItAndWithNoOther(string name, ContentEncryption encryption)
    {
        await using var key = await NewAsync(name);
        await using var other = await NewAsync(name);
        var message = await EncryptAsync(key.PublicKey, encryption);

        var opened = await X509.Cms.EnvelopedData.DecryptAsync(message, key, TestContext.Current.CancellationToken);
        Assert.Equal(Oids.CmsData, opened!.Value.ContentType);
        Assert.Equal(Content, opened.Value.Content);
        Assert.Null(await X509.Cms.EnvelopedData.DecryptAsync(message, other, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EncryptAsync_SeveralKindsOfRecipients_EachOpens()
    {
        await using var kem = await NewAsync("ml-kem-768");
        using var rsa = RSA.Create(2048);
        using var ecdh = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var recipients = new[] { kem.PublicKey, PublicKey.Parse(rsa.ExportSubjectPublicKeyInfo()), PublicKey.Parse(ecdh.ExportSubjectPublicKeyInfo()) }
            .Select(k => Recipient.ForKey(k, k.KeyIdentifier())).ToArray();
        var message = await X509.Cms.EnvelopedData.EncryptAsync(Oids.CmsData, Content, ContentEncryption.Aes256Cbc, recipients, TestPki.Providers, TestContext.Current.CancellationToken);

        Assert.Equal(Content, (await X509.Cms.EnvelopedData.DecryptAsync(message, kem, TestContext.Current.CancellationToken))!.Value.Content);
        Assert.Equal(Content, X509.Cms.EnvelopedData.Decrypt(message, rsa)!.Value.Content);
        Assert.Equal(Content, X509.Cms.EnvelopedData.Decrypt(message, ecdh)!.Value.Content);
        // RFC 5652 §6.1: 3 with another kind of recipient
        Assert.Equal(3, Open(message).Version.IntValueExact);
    }

    /// <summary>The independent path: ASN.1, ML-KEM, HKDF, key wrap and content cipher of BouncyCastle, in the order of RFC 9629 §2 and §5.</summary>
    [Fact]
    public async Task EncryptAsync_BouncyCastlesPartsOpenIt()
    {
        var foreign = BouncyCastlePki.MlKem768.Value;
        var message = await EncryptAsync(PublicKey.Parse(foreign.SubjectPublicKeyInfo), ContentEncryption.Aes256Cbc);

        var envelope = Open(message);
        var other = OtherRecipientInfo.GetInstance(RecipientInfo.GetInstance(envelope.RecipientInfos[0]).Info);
        Assert.Equal(Oids.KemRecipientInfo, other.OriType.Id);
        var info = KemRecipientInfo.GetInstance(other.OriValue);
        Assert.Equal("2.16.840.1.101.3.4.4.2", info.Kem.Algorithm.Id);
        Assert.Null(info.Kem.Parameters);
        Assert.Equal(Oids.HkdfSha256, info.Kdf.Algorithm.Id);
        Assert.Null(info.Kdf.Parameters);
        Assert.Equal(Oids.Aes256Wrap, info.Wrap.Algorithm.Id);

        var decapsulator = new MLKemDecapsulator(MLKemParameters.ml_kem_768);
        decapsulator.Init(foreign.Pair.Private);
        var secret = new byte[32];
        decapsulator.Decapsulate(info.Kemct.GetOctets(), secret);
        var derivation = new HkdfBytesGenerator(new Sha256Digest());
        derivation.Init(new HkdfParameters(secret, null, new DerSequence(info.Wrap, DerInteger.ValueOf(32)).GetDerEncoded()));
        var keyEncryptionKey = new byte[32];
        derivation.GenerateBytes(keyEncryptionKey, 0, 32);
        var wrap = new AesWrapEngine();
        wrap.Init(false, new KeyParameter(keyEncryptionKey));
        var encrypted = info.EncryptedKey.GetOctets();
        using var aes = Aes.Create();
        aes.Key = wrap.Unwrap(encrypted, 0, encrypted.Length);
        var contentInfo = envelope.EncryptedContentInfo;
        Assert.Equal(Content, aes.DecryptCbc(contentInfo.EncryptedContent.GetOctets(), Asn1OctetString.GetInstance(contentInfo.ContentEncryptionAlgorithm.Parameters).GetOctets()));
    }

    [Theory]
    [InlineData(ContentEncryption.Aes256Cbc)]
    [InlineData(ContentEncryption.Aes256Gcm)]
    public async Task DecryptAsync_OneBitChangedAnywhere_NeverGivesAnotherContent(ContentEncryption encryption)
    {
        await using var key = await NewAsync("ml-kem-512");
        var message = await EncryptAsync(key.PublicKey, encryption);
        var step = encryption == ContentEncryption.Aes256Gcm ? 1 : 3;
        for (var i = 0; i < message.Length; i += step)
        {
            var changed = message.ToArray();
            changed[i] ^= 0x01;
            try
            {
                var opened = await X509.Cms.EnvelopedData.DecryptAsync(changed, key, TestContext.Current.CancellationToken);
                // CBC is not authenticated (which is why a SignedData goes inside); GCM is.
                Assert.True(opened is null || encryption == ContentEncryption.Aes256Cbc || opened.Value.Content.AsSpan().SequenceEqual(Content), $"octet {i}");
            }
            catch (MalformedDataException)
            {
                // Refused, which is right.
            }
        }
    }

    [Fact]
    public async Task EncryptAsync_NobodyEncapsulates_Throws()
    {
        await using var key = await NewAsync("ml-kem-768");
        await Assert.ThrowsAsync<NotSupportedException>(async () => await X509.Cms.EnvelopedData.EncryptAsync(
            Oids.CmsData, Content, ContentEncryption.Aes256Cbc, [Recipient.ForKey(key.PublicKey, new byte[20])], new CryptoProviders(), TestContext.Current.CancellationToken));
    }

    internal static async Task<byte[]> EncryptAsync(PublicKey key, ContentEncryption encryption) => await X509.Cms.EnvelopedData.EncryptAsync(
        Oids.CmsData, Content, encryption, [Recipient.ForKey(key, key.KeyIdentifier())], TestPki.Providers, TestContext.Current.CancellationToken);

    internal static async Task<IDecapsulationKey> NewAsync(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        return await TestPki.Providers.ForEncapsulation(algorithm, KeyCapabilities.Generate)!
            .GenerateDecapsulationKeyAsync(new KeySpec("kem", algorithm, KeyPurpose.Subject), TestContext.Current.CancellationToken);
    }

    private static Org.BouncyCastle.Asn1.Cms.EnvelopedData Open(byte[] message) =>
        Org.BouncyCastle.Asn1.Cms.EnvelopedData.GetInstance(Org.BouncyCastle.Asn1.Cms.ContentInfo.GetInstance(message).Content);
}
