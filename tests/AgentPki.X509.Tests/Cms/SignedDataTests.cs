using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Extensions;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities.Collections;
using Org.BouncyCastle.X509;
using Xunit;

namespace AgentPki.X509.Tests.Cms;

public sealed class SignedDataTests
{
    private static readonly byte[] Content = "what is signed"u8.ToArray();

    public static TheoryData<string, string> Algorithms => new()
    {
        { "ecdsa-p256", "ecdsa-sha256" }, { "ecdsa-p384", "ecdsa-sha384" }, { "rsa-2048", "rsa-pkcs1-sha256" }, { "rsa-2048", "rsa-pss-sha256" }, { "ed25519", "ed25519" },
    };

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task CreateAsync_EveryAlgorithm_WeOpenSslAndBouncyCastleVerify(string keyName, string algorithmName)
    {
        var (key, certificate) = Signer(keyName);
        var options = new SignedDataOptions { SignatureAlgorithm = SignatureAlgorithm.Find(algorithmName), SigningTime = TestPki.Now, Certificates = [TestPki.Issuing] };
        var message = await SignedData.CreateAsync(Oids.CmsData, Content, key, certificate, options, TestContext.Current.CancellationToken);

        var parsed = SignedData.Parse(message);
        Assert.Equal(Content, parsed.Content.ToArray());
        Assert.Equal([certificate], parsed.Verify(TestPki.Providers)!);
        // OpenSSL 3.0 has no Ed25519 in CMS (RFC 8419); BouncyCastle has.
        if (algorithmName != "ed25519")
        {
            using var openssl = new OpenSslTool();
            openssl.Write("message.der", message);
            openssl.Run("cms", "-verify", "-inform", "DER", "-in", "message.der", "-noverify", "-out", "content");
            Assert.Equal(Content, openssl.Read("content"));
        }

        var signer = Assert.Single(new CmsSignedData(message).GetSignerInfos().GetSigners());
        Assert.True(signer.Verify(new X509CertificateParser().ReadCertificate(certificate.Der.ToArray())));
    }

    [Theory]
    [InlineData("ecdsa-p256", "sha256")]
    [InlineData("rsa-2048", "sha384")]
    [InlineData("rsa-2048", "sha512")]
    public void Verify_MessageOfOpenSsl_AlsoStreamed(string keyName, string digest)
    {
        var (key, certificate) = Signer(keyName);
        using var openssl = new OpenSslTool();
        WriteSigner(openssl, key, certificate);
        openssl.Write("content", Content);
        foreach (string[] form in (string[][])[[], ["-stream"], ["-keyid"], ["-nocerts"]])
        {
            openssl.Run(["cms", "-sign", "-binary", "-nodetach", "-in", "content", "-signer", "signer.pem", "-inkey", "key.pem", "-md", digest, "-outform", "DER", "-out", "message.der", .. form]);

            var parsed = SignedData.Parse(openssl.Read("message.der"));

            Assert.Equal(Content, parsed.Content.ToArray());
            Assert.Equal([certificate], parsed.Verify(TestPki.Providers, certificate)!);
        }
    }

    [Fact]
    public void Verify_MessageOfBouncyCastle_InIndefiniteLengths()
    {
        var (key, certificate) = Signer("ecdsa-p256");
        var generator = new CmsSignedDataGenerator();
        var foreignKey = PrivateKeyFactory.CreateKey(((SoftwareSigningKey)key).ExportPkcs8());
        var foreignCertificate = new X509CertificateParser().ReadCertificate(certificate.Der.ToArray());
        generator.AddSignerInfoGenerator(new SignerInfoGeneratorBuilder().Build(new Asn1SignatureFactory("SHA256WITHECDSA", foreignKey), foreignCertificate));
        generator.AddCertificates(CollectionUtilities.CreateStore([foreignCertificate]));
        var message = generator.Generate(new CmsProcessableByteArray(Content), true).GetEncoded("BER");

        var parsed = SignedData.Parse(message);

        Assert.Equal(0x80, message[1]);
        Assert.Equal(Content, parsed.Content.ToArray());
        Assert.Equal([certificate], parsed.Verify(TestPki.Providers)!);
    }

    [Fact]
    public async Task Verify_OneBitChangedAnywhere_NeverVerifiesAnotherContent()
    {
        var (key, certificate) = Signer("ecdsa-p256");
        var message = await SignedData.CreateAsync("1.3.6.1.5.5.7.12.2", Content, key, certificate, new SignedDataOptions(), TestContext.Current.CancellationToken);
        for (var i = 0; i < message.Length; i++)
        {
            var changed = message.ToArray();
            changed[i] ^= 0x01;
            if (SignedData.TryParse(changed, out var parsed, out _) && parsed.Verify(TestPki.Providers) is not null)
            {
                Assert.Equal(Content, parsed.Content.ToArray());
                Assert.Equal("1.3.6.1.5.5.7.12.2", parsed.ContentType);
            }
        }
    }

    [Fact]
    public async Task CreateAsync_CertificateOfAnotherKey_Throws() =>
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await SignedData.CreateAsync(Oids.CmsData, Content, TestPki.IssuingKey, TestPki.Agent, new SignedDataOptions(), TestContext.Current.CancellationToken));

    [Fact]
    public void CertsOnly_Encoded_OpenSslPrintsTheChainInOrder()
    {
        var message = CertsOnly.Encode(TestPki.Agent.Der, TestPki.Issuing.Der, TestPki.Root.Der);
        using var openssl = new OpenSslTool();
        openssl.Write("certs.p7b", message);

        var text = openssl.Run("pkcs7", "-inform", "DER", "-in", "certs.p7b", "-print_certs", "-noout");

        Assert.True(text.IndexOf("agent-7", StringComparison.Ordinal) < text.LastIndexOf("Example Root", StringComparison.Ordinal));
        Assert.Equal([TestPki.Agent, TestPki.Issuing, TestPki.Root], CertsOnly.Parse(message));
    }

    [Fact]
    public void CertsOnly_OfOpenSsl_IsRead()
    {
        using var openssl = new OpenSslTool();
        openssl.Write("chain.pem", Pem(TestPki.Agent) + Pem(TestPki.Issuing));
        openssl.Run("crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", "DER", "-out", "certs.p7b");

        Assert.Equal([TestPki.Agent, TestPki.Issuing], CertsOnly.Parse(openssl.Read("certs.p7b")));
    }

    internal static (ISigningKey Key, Certificate Certificate) Signer(string keyName)
    {
        var key = TestPki.Key(KeyAlgorithm.Find(keyName)!, "cms");
        var tbs = TestPki.AgentTbs();
        return (key, TestPki.Issue(
            tbs with { PublicKey = key.PublicKey, Extensions = tbs.Extensions.With(X509Extension.SubjectKeyIdentifier(key.PublicKey.KeyIdentifier())) }, TestPki.IssuingKey));
    }

    internal static void WriteSigner(OpenSslTool openssl, ISigningKey key, Certificate certificate)
    {
        openssl.Write("signer.pem", Pem(certificate));
        openssl.Write("key.pem", new string(System.Security.Cryptography.PemEncoding.Write("PRIVATE KEY", ((SoftwareSigningKey)key).ExportPkcs8())));
    }

    internal static string Pem(Certificate certificate) => new string(System.Security.Cryptography.PemEncoding.Write("CERTIFICATE", certificate.Der.Span)) + "\n";
}
