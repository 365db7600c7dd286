using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Xunit;

namespace AgentPki.X509.Tests.Cms;

public sealed class EnvelopedDataTests
{
    private static readonly byte[] Content = "a private key, say"u8.ToArray();

    public static TheoryData<string, ContentEncryption, RsaKeyTransport> Forms => new()
    {
        { "rsa-2048", ContentEncryption.Aes256Cbc, RsaKeyTransport.Oaep }, { "rsa-2048", ContentEncryption.Aes256Cbc, RsaKeyTransport.Pkcs1 },
        { "rsa-2048", ContentEncryption.Aes256Gcm, RsaKeyTransport.Oaep }, { "ecdsa-p256", ContentEncryption.Aes256Cbc, RsaKeyTransport.Oaep },
        { "ecdsa-p256", ContentEncryption.Aes256Gcm, RsaKeyTransport.Oaep }, { "ecdsa-p384", ContentEncryption.Aes256Cbc, RsaKeyTransport.Oaep },
        { "ecdsa-p384", ContentEncryption.Aes256Gcm, RsaKeyTransport.Oaep },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Encrypt_ForCertificate_WeOpenSslAndBouncyCastleDecrypt(string keyName, ContentEncryption encryption, RsaKeyTransport transport)
    {
        var (key, certificate) = SignedDataTests.Signer(keyName);
        var message = await EnvelopedData.EncryptAsync(Oids.CmsData, Content, encryption, [Recipient.ForCertificate(certificate) with { RsaKeyTransport = transport }], TestPki.Providers, CancellationToken.None);

        using var own = PrivateKey(key);
        var opened = EnvelopedData.Decrypt(message, own);
        Assert.Equal(Oids.CmsData, opened!.Value.ContentType);
        Assert.Equal(Content, opened.Value.Content);
        using var openssl = new OpenSslTool();
        SignedDataTests.WriteSigner(openssl, key, certificate);
        openssl.Write("message.der", message);
        openssl.Run("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "message.der", "-recip", "signer.pem", "-inkey", "key.pem", "-out", "content");
        Assert.Equal(Content, openssl.Read("content"));
        // BouncyCastle for .NET has no AuthEnvelopedData reader, and derives keys for elliptic curves from a wrap algorithm with NULL parameters,
        // whatever stands in the message (RFC 3565 §2.3.2 wants them absent): the other direction is tested below.
        if (encryption == ContentEncryption.Aes256Cbc && keyName == "rsa-2048")
        {
            var foreign = Assert.Single(new CmsEnvelopedData(message).GetRecipientInfos().GetRecipients());
            Assert.True(foreign.RecipientID.Match(new X509CertificateParser().ReadCertificate(certificate.Der.ToArray())));
            Assert.Equal(Content, foreign.GetContent(PrivateKeyFactory.CreateKey(((SoftwareSigningKey)key).ExportPkcs8())));
        }
    }

    [Theory]
    [InlineData("rsa-2048")]
    [InlineData("ecdsa-p256")]
    public async Task Encrypt_ForKeyIdentifier_OpensWithTheKey(string keyName)
    {
        var (key, certificate) = SignedDataTests.Signer(keyName);
        var message = await EnvelopedData.EncryptAsync(Oids.CmsData, Content, ContentEncryption.Aes256Cbc, [Recipient.ForKey(key.PublicKey, certificate.SubjectKeyIdentifier)], TestPki.Providers, CancellationToken.None);

        using var own = PrivateKey(key);
        Assert.Equal(Content, EnvelopedData.Decrypt(message, own)!.Value.Content);
        using var openssl = new OpenSslTool();
        SignedDataTests.WriteSigner(openssl, key, certificate);
        openssl.Write("message.der", message);
        openssl.Run("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "message.der", "-recip", "signer.pem", "-inkey", "key.pem", "-out", "content");
        Assert.Equal(Content, openssl.Read("content"));
    }

    [Theory]
    [InlineData("rsa-2048", "-aes256", "rsa_padding_mode:oaep", "rsa_oaep_md:sha256")]
    [InlineData("rsa-2048", "-aes128", "rsa_padding_mode:pkcs1")]
    [InlineData("rsa-2048", "-aes-256-gcm", "rsa_padding_mode:oaep", "rsa_oaep_md:sha256")]
    [InlineData("ecdsa-p256", "-aes256", "ecdh_kdf_md:sha256")]
    [InlineData("ecdsa-p384", "-aes-256-gcm", "ecdh_kdf_md:sha384")]
    public void Decrypt_MessageOfOpenSsl_AlsoStreamed(string keyName, string cipher, params string[] keyOptions)
    {
        var (key, certificate) = SignedDataTests.Signer(keyName);
        using var openssl = new OpenSslTool();
        SignedDataTests.WriteSigner(openssl, key, certificate);
        openssl.Write("content", Content);
        using var own = PrivateKey(key);
        foreach (string[] form in (string[][])[[], ["-stream"]])
        {
            openssl.Run(["cms", "-encrypt", "-binary", "-in", "content", cipher, "-outform", "DER", "-out", "message.der", .. form, "-recip", "signer.pem", .. keyOptions.SelectMany(o => new[] { "-keyopt", o })]);

            Assert.Equal(Content, EnvelopedData.Decrypt(openssl.Read("message.der"), own)!.Value.Content);
        }
    }

    [Theory]
    [InlineData("rsa-2048")]
    [InlineData("ecdsa-p256")]
    public void Decrypt_MessageOfBouncyCastle(string keyName)
    {
        var (key, certificate) = SignedDataTests.Signer(keyName);
        var foreign = new X509CertificateParser().ReadCertificate(certificate.Der.ToArray());
        var generator = new CmsEnvelopedDataGenerator();
        if (keyName == "rsa-2048")
        {
            generator.AddKeyTransRecipient(foreign);
        }
        else
        {
            var pairs = GeneratorUtilities.GetKeyPairGenerator("ECDH");
            pairs.Init(new ECKeyGenerationParameters(SecObjectIdentifiers.SecP256r1, new SecureRandom()));
            var pair = pairs.GenerateKeyPair();
            generator.AddKeyAgreementRecipient("1.3.132.1.11.1", pair.Private, pair.Public, foreign, CmsEnvelopedGenerator.Aes256Wrap);
        }

        var message = generator.Generate(new CmsProcessableByteArray(Content), NistObjectIdentifiers.IdAes256Cbc).GetEncoded();

        using var own = PrivateKey(key);
        Assert.Equal(Content, EnvelopedData.Decrypt(message, own)!.Value.Content);
    }

    [Fact]
    public async Task Decrypt_SeveralRecipients_EachOpens()
    {
        var signers = new[] { SignedDataTests.Signer("rsa-2048"), SignedDataTests.Signer("ecdsa-p256"), SignedDataTests.Signer("ecdsa-p384") };
        var message = await EnvelopedData.EncryptAsync(Oids.CmsData, Content, ContentEncryption.Aes256Gcm, [.. signers.Select(s => Recipient.ForCertificate(s.Certificate))], TestPki.Providers, CancellationToken.None);

        foreach (var (key, _) in signers)
        {
            using var own = PrivateKey(key);
            Assert.Equal(Content, EnvelopedData.Decrypt(message, own)!.Value.Content);
        }
    }

    [Theory]
    [InlineData("rsa-2048", ContentEncryption.Aes256Gcm)]
    [InlineData("ecdsa-p256", ContentEncryption.Aes256Gcm)]
    public async Task Decrypt_OneBitChangedAnywhere_NeverGivesAnotherContent(string keyName, ContentEncryption encryption)
    {
        var (key, certificate) = SignedDataTests.Signer(keyName);
        var message = await EnvelopedData.EncryptAsync(Oids.CmsData, Content, encryption, [Recipient.ForCertificate(certificate)], TestPki.Providers, CancellationToken.None);
        using var own = PrivateKey(key);
        for (var i = 0; i < message.Length; i += 3)
        {
            var changed = message.ToArray();
            changed[i] ^= 0x01;
            try
            {
                if (EnvelopedData.Decrypt(changed, own) is { } opened)
                {
                    Assert.Equal(Content, opened.Content);
                }
            }
            catch (MalformedDataException)
            {
                // Refused before anything was decrypted.
            }
        }
    }

    [Fact]
    public async Task Decrypt_AnotherKey_GivesNothing()
    {
        var (_, certificate) = SignedDataTests.Signer("ecdsa-p256");
        var message = await EnvelopedData.EncryptAsync(Oids.CmsData, Content, ContentEncryption.Aes256Cbc, [Recipient.ForCertificate(certificate)], TestPki.Providers, CancellationToken.None);

        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null(EnvelopedData.Decrypt(message, other));
    }

    [Fact]
    public void ForCertificate_Ed25519_IsRefusedWithAClearText()
    {
        var (_, certificate) = SignedDataTests.Signer("ed25519");

        Assert.Contains("ed25519", Assert.Throws<ArgumentException>(() => Recipient.ForCertificate(certificate)).Message, StringComparison.Ordinal);
    }

    // RFC 3394 §4.6: 256 bits of key data with a 256-bit key; §4.1: 128 with 128.
    [Theory]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F", "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")]
    [InlineData("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")]
    public void KeyWrap_VectorsOfRfc3394_BothWays(string keyEncryptionKey, string key, string wrapped)
    {
        var kek = Convert.FromHexString(keyEncryptionKey);

        Assert.Equal(wrapped, Convert.ToHexString(AesKeyWrap.Wrap(kek, Convert.FromHexString(key))));
        Assert.Equal(key, Convert.ToHexString(AesKeyWrap.Unwrap(kek, Convert.FromHexString(wrapped))!));
        var changed = Convert.FromHexString(wrapped);
        changed[^1] ^= 1;
        Assert.Null(AesKeyWrap.Unwrap(kek, changed));
    }

    /// <summary>The composition of RFC 7030 §4.4.2: key package, signed by the appliance, enveloped for the client; taken apart with openssl.</summary>
    [Fact]
    public async Task Encrypt_SignedKeyPackage_OpenSslAndWeGetTheKeyOut()
    {
        var (recipientKey, recipient) = SignedDataTests.Signer("rsa-2048");
        var (signerKey, signer) = SignedDataTests.Signer("ecdsa-p256");
        var generated = ((SoftwareSigningKey)TestPki.AgentKey).ExportPkcs8();
        var signed = await SignedData.CreateContentAsync(
            Oids.AsymmetricKeyPackage, AsymmetricKeyPackage.Encode(generated), signerKey, signer, new SignedDataOptions(), TestContext.Current.CancellationToken);
        var message = await EnvelopedData.EncryptAsync(Oids.CmsSignedData, signed, ContentEncryption.Aes256Cbc, [Recipient.ForCertificate(recipient)], TestPki.Providers, CancellationToken.None);

        using var own = PrivateKey(recipientKey);
        var opened = EnvelopedData.Decrypt(message, own)!.Value;
        var inner = SignedData.ParseContent(opened.Content);
        Assert.Equal([signer], inner.Verify(TestPki.Providers)!);
        Assert.Equal(generated, Assert.Single(AsymmetricKeyPackage.Parse(inner.Content)).ToArray());
        using var openssl = new OpenSslTool();
        SignedDataTests.WriteSigner(openssl, recipientKey, recipient);
        openssl.Write("message.der", message);
        openssl.Run("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "message.der", "-recip", "signer.pem", "-inkey", "key.pem", "-out", "signed.der");
        Assert.Equal(signed, openssl.Read("signed.der"));
    }

    private static AsymmetricAlgorithm PrivateKey(ISigningKey key)
    {
        AsymmetricAlgorithm algorithm = key.Algorithm.Family == AlgorithmFamily.Rsa ? RSA.Create() : ECDiffieHellman.Create();
        algorithm.ImportPkcs8PrivateKey(((SoftwareSigningKey)key).ExportPkcs8(), out _);
        return algorithm;
    }
}
