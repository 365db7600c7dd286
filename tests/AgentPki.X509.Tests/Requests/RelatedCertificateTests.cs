using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto.Operators;
using Xunit;
using X509Extension = AgentPki.X509.Extensions.X509Extension;

namespace AgentPki.X509.Tests.Requests;

/// <summary>Pairs of certificates (RFC 9763): the request attribute, the extension, and the related certificate that isn't.</summary>
public sealed class RelatedCertificateTests
{
    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("rsa-2048")]
    [InlineData("ed25519")]
    [InlineData("ml-dsa-65")]
    public async Task Create_KeyOfEachKind_ProvesAndIsRead(string name)
    {
        var key = TestPki.Key(KeyAlgorithm.Find(name)!, "related");
        var related = Of(key);

        var request = RelatedCertificateRequest.Parse((await RelatedCertificateRequest.CreateAsync(related, key, TestPki.Now, [], CancellationToken.None)).Values[0]);

        Assert.Equal((related.Issuer, TestPki.Now), (request.Issuer, request.RequestTime));
        Assert.True(request.Names(related));
        Assert.True(request.VerifySignature(related, TestPki.Providers));
        Assert.Equal(related, request.FindEmbedded());
        Assert.False(request.VerifySignature(TestPki.Agent, TestPki.Providers));
    }

    [Fact]
    public void Parse_RequestOfBouncyCastle_IsReadAndVerifies()
    {
        // SHA-384 with a P-256 key: no algorithm is named, so every one that the key can make counts.
        var calculator = new Asn1SignatureFactory("SHA384WITHECDSA", Bouncy.Private(TestPki.AgentKey)).CreateCalculator();
        var id = new DerSequence(X509Name.GetInstance(TestPki.Agent.Issuer.Der.ToArray()), new DerInteger(new Org.BouncyCastle.Math.BigInteger(1, TestPki.Agent.SerialNumber.ToArray())));
        var time = DerInteger.ValueOf(TestPki.Now.ToUnixTimeSeconds());
        calculator.Stream.Write(id.GetDerEncoded());
        calculator.Stream.Write(time.GetDerEncoded());
        var value = new DerSequence(id, time, new DerSequence(new DerIA5String("https://pki.example/agent.cer")), new DerBitString(calculator.GetResult().Collect()));

        var request = RelatedCertificateRequest.Parse(value.GetDerEncoded());

        Assert.True(request.VerifySignature(TestPki.Agent, TestPki.Providers));
        Assert.Equal(["https://pki.example/agent.cer"], request.Locations);
        Assert.Null(request.FindEmbedded());
    }

    [Fact]
    public async Task VerifySignature_NotTheKeysOrNotTheTime_IsFalse()
    {
        var made = await RelatedCertificateRequest.CreateAsync(TestPki.Agent, TestPki.IssuingKey, TestPki.Now, [], CancellationToken.None);
        Assert.False(RelatedCertificateRequest.Parse(made.Values[0]).VerifySignature(TestPki.Agent, TestPki.Providers));

        var right = (await RelatedCertificateRequest.CreateAsync(TestPki.Agent, TestPki.AgentKey, TestPki.Now, [], CancellationToken.None)).Values[0].ToArray();
        var time = right.AsSpan().IndexOf(DerInteger.ValueOf(TestPki.Now.ToUnixTimeSeconds()).GetDerEncoded());
        right[time + 5] ^= 1;
        var later = RelatedCertificateRequest.Parse(right);
        Assert.NotEqual(TestPki.Now, later.RequestTime);
        Assert.False(later.VerifySignature(TestPki.Agent, TestPki.Providers));
    }

    [Theory]
    [InlineData("30 00")]
    [InlineData("30 03 02 01 01")]
    [InlineData("04 00")]
    public void Parse_Garbage_IsMalformed(string hex) =>
        Assert.Throws<MalformedDataException>(() => RelatedCertificateRequest.Parse(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

    [Fact]
    public async Task Parse_NegativeTimeOrNoLocation_IsMalformed()
    {
        var id = new DerSequence(X509Name.GetInstance(TestPki.Agent.Issuer.Der.ToArray()), DerInteger.ValueOf(5));
        var bits = new DerBitString(new byte[8]);
        foreach (var value in new[]
        {
            new DerSequence(id, DerInteger.ValueOf(-1), new DerSequence(new DerIA5String("data:,")), bits), new DerSequence(id, DerInteger.ValueOf(1), new DerSequence(), bits),
            new DerSequence(id, DerInteger.ValueOf(long.MaxValue), new DerSequence(new DerIA5String("data:,")), bits), new DerSequence(id, DerInteger.ValueOf(1), new DerSequence(new DerUtf8String("data:,")), bits),
        })
        {
            Assert.Throws<MalformedDataException>(() => RelatedCertificateRequest.Parse(value.GetDerEncoded()));
            var der = await Pkcs10Request.CreateAsync(
                X500Name.FromRfc4514("CN=a"), [], TestPki.AgentKey, new Pkcs10Options { Attributes = [new RequestAttribute(Oids.RelatedCertRequest, [value.GetDerEncoded()])] }, CancellationToken.None);
            Assert.False(Pkcs10Request.TryParse(der, out _, out var error));
            Assert.Equal(RequestErrorKind.Malformed, error.Kind);
        }
    }

    [Fact]
    public void Verify_ThePairAndEverythingElse_SaysWhich()
    {
        var second = With(RelatedCertificate.To(TestPki.Agent).ToExtension(), TestPki.Key(KeyAlgorithm.Ed25519, "pair"));
        var digest = System.Security.Cryptography.SHA256.HashData(TestPki.Agent.Der.Span);

        Assert.Null(RelatedCertificates.Verify(second, TestPki.Agent));
        Assert.Equal(RelatedCertificateFailure.AnotherCertificate, RelatedCertificates.Verify(second, TestPki.Issuing));
        Assert.Equal(RelatedCertificateFailure.AnotherCertificate, RelatedCertificates.Verify(second, second));
        Assert.Equal(RelatedCertificateFailure.NoExtension, RelatedCertificates.Verify(TestPki.Agent, second));
        Assert.Equal(RelatedCertificateFailure.SameKey, RelatedCertificates.Verify(With(RelatedCertificate.To(TestPki.Agent).ToExtension(), TestPki.AgentKey), TestPki.Agent));
        Assert.Equal(
            RelatedCertificateFailure.UnknownHash,
            RelatedCertificates.Verify(With(new RelatedCertificate(Oids.Sha1, null, digest.AsMemory(0, 20)).ToExtension(), TestPki.Key(KeyAlgorithm.Ed25519, "pair")), TestPki.Agent));
        digest[0] ^= 1;
        Assert.Equal(
            RelatedCertificateFailure.AnotherCertificate,
            RelatedCertificates.Verify(With(new RelatedCertificate(Oids.Sha256, HashFunction.Sha256, digest).ToExtension(), TestPki.Key(KeyAlgorithm.Ed25519, "pair")), TestPki.Agent));
    }

    [Fact]
    public void To_CertificateWhoseSignatureNamesAHash_UsesThatHash()
    {
        Assert.Equal(HashFunction.Sha256, RelatedCertificate.To(TestPki.Agent).Hash);
        Assert.Equal(HashFunction.Sha384, RelatedCertificate.To(TestPki.Issuing).Hash);
        var signer = TestPki.Key(KeyAlgorithm.Ed25519, "signer");
        Assert.Equal(HashFunction.Sha512, RelatedCertificate.To(TestPki.Issue(TestPki.AgentTbs() with { Signature = SignatureAlgorithm.Ed25519 }, signer)).Hash);
        Assert.False(RelatedCertificate.To(TestPki.Agent).ToExtension().Critical);
    }

    [Fact]
    public void Parse_HashWithNullOrOtherParameters_IsTheHashOrUnknown()
    {
        var digest = new DerOctetString(System.Security.Cryptography.SHA256.HashData(TestPki.Agent.Der.Span));
        var sha256 = new DerObjectIdentifier(Oids.Sha256);
        Assert.True(RelatedCertificate.Parse(new DerSequence(new DerSequence(sha256, DerNull.Instance), digest).GetDerEncoded()).Names(TestPki.Agent));
        Assert.False(RelatedCertificate.Parse(new DerSequence(new DerSequence(sha256, DerInteger.One), digest).GetDerEncoded()).Names(TestPki.Agent));
        Assert.Throws<MalformedDataException>(() => RelatedCertificate.Parse(new DerSequence(new DerSequence(sha256), new DerOctetString([])).GetDerEncoded()));
    }

    internal static Task<byte[]> SampleAsync() => SampleAsync(TestPki.Agent, TestPki.AgentKey);

    private static async Task<byte[]> SampleAsync(Certificate related, ISigningKey key) =>
        (await RelatedCertificateRequest.CreateAsync(related, key, TestPki.Now, [], CancellationToken.None)).Values[0].ToArray();

    private static Certificate Of(ISigningKey key) => TestPki.Issue(TestPki.AgentTbs() with { PublicKey = key.PublicKey, SerialNumber = TestPki.Serial(91) }, TestPki.IssuingKey);

    private static Certificate With(X509Extension extension, ISigningKey key) =>
        TestPki.Issue(TestPki.AgentTbs() with { PublicKey = key.PublicKey, SerialNumber = TestPki.Serial(92), Extensions = [.. TestPki.AgentTbs().Extensions, extension] }, TestPki.IssuingKey);
}
