using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Cms;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Xunit;

namespace AgentPki.X509.Tests.PostQuantum;

/// <summary>Objects that ML-DSA and SLH-DSA sign: ours read and verified by BouncyCastle, and its own by us.</summary>
public sealed class BouncyCastleAgreementTests
{
    public static TheoryData<string> Kinds => ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87", "slh-dsa-sha2-128f", "slh-dsa-shake-128f"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Ours_BouncyCastleReadsAndVerifies(string name)
    {
        var (algorithm, key) = Key(name);
        var issuing = Issuing(algorithm, key);
        var foreign = new X509CertificateParser().ReadCertificate(issuing.Der.ToArray());
        foreign.Verify(foreign.GetPublicKey());
        Assert.Equal(algorithm.Oid, foreign.SigAlgOid);

        var request = await Pkcs10Request.CreateAsync(TestPki.Agent.Subject, [new GeneralName.Dns("a.example")], key, TestContext.Current.CancellationToken);
        Assert.True(new Pkcs10CertificationRequest(request).Verify());

        var tbs = new TbsCertificateList
        {
            Signature = key.Algorithm.DefaultSignature,
            Issuer = issuing.Subject,
            ThisUpdate = TestPki.Now,
            NextUpdate = TestPki.Now.AddHours(12),
            AuthorityKeyIdentifier = key.PublicKey.KeyIdentifier(),
            Number = 7,
            IssuingDistributionPoint = new Extensions.IssuingDistributionPoint([new GeneralName.Uri("http://pki.example/issuing.crl")], OnlyUserCertificates: true),
        };
        var encoded = tbs.Encode([new RevokedCertificate(TestPki.Serial(10), TestPki.Now.AddDays(-3))]);
        var list = Certificate.Assemble(encoded, tbs.Signature, TestPki.Sign(key, tbs.Signature, encoded));
        var foreignList = new X509CrlParser().ReadCrl(list);
        foreignList.Verify(foreign.GetPublicKey());
        Assert.Single(foreignList.GetRevokedCertificates());
        Assert.True(CertificateList.Parse(list).VerifySignature(key.PublicKey, TestPki.Providers));

        var data = new ResponseData
        {
            Responder = ResponderId.For(key.PublicKey),
            ProducedAt = TestPki.Now,
            Responses = [new SingleResponse(CertId.Create(issuing, TestPki.Serial(3)), new OcspCertificateStatus.Good(), TestPki.Now, TestPki.Now.AddHours(1))],
        }.Encode();
        var response = OcspResponse.Assemble(data, key.Algorithm.DefaultSignature, TestPki.Sign(key, key.Algorithm.DefaultSignature, data), issuing.Der);
        var basic = (Org.BouncyCastle.Ocsp.BasicOcspResp)new Org.BouncyCastle.Ocsp.OcspResp(response).GetResponseObject();
        Assert.True(basic.Verify(foreign.GetPublicKey()));
    }

    [Theory]
    [InlineData("ML-DSA-65", "ml-dsa-65")]
    [InlineData("SLH-DSA-SHA2-128F", "slh-dsa-sha2-128f")]
    public void BouncyCastles_WeReadAndVerify(string foreignName, string name)
    {
        var pair = name == "ml-dsa-65" ? BouncyCastlePki.MlDsa65.Value.Pair : BouncyCastlePki.SlhDsa128.Value.Pair;
        var subject = new Org.BouncyCastle.Asn1.X509.X509Name("O=Example,CN=Foreign CA");
        var generator = new X509V3CertificateGenerator();
        generator.SetIssuerDN(subject);
        generator.SetSubjectDN(subject);
        generator.SetSerialNumber(new BigInteger(1, TestPki.Serial(9)));
        generator.SetNotBefore(TestPki.Now.UtcDateTime);
        generator.SetNotAfter(TestPki.Now.AddYears(1).UtcDateTime);
        generator.SetPublicKey(pair.Public);
        generator.AddExtension(Org.BouncyCastle.Asn1.X509.X509Extensions.BasicConstraints, true, new Org.BouncyCastle.Asn1.X509.BasicConstraints(true));
        var factory = new Asn1SignatureFactory(foreignName, pair.Private);
        var certificate = Certificate.Parse(generator.Generate(factory).GetEncoded());

        Assert.Equal(name, certificate.PublicKey.Algorithm.Name);
        Assert.Equal(name, certificate.SignatureAlgorithm.Name);
        Assert.True(certificate.VerifySignature(certificate.PublicKey, TestPki.Providers));

        var request = Pkcs10Request.Parse(new Pkcs10CertificationRequest(factory, subject, pair.Public, null).GetDerEncoded());
        Assert.True(request.VerifySignature(TestPki.Providers));

        var lists = new X509V2CrlGenerator();
        lists.SetIssuerDN(subject);
        lists.SetThisUpdate(TestPki.Now.UtcDateTime);
        lists.SetNextUpdate(TestPki.Now.AddDays(1).UtcDateTime);
        lists.AddCrlEntry(BigInteger.Ten, TestPki.Now.UtcDateTime, 1);
        Assert.True(CertificateList.Parse(lists.Generate(factory).GetEncoded()).VerifySignature(certificate.PublicKey, TestPki.Providers));
    }

    [Theory]
    [InlineData("ml-dsa-65")]
    [InlineData("slh-dsa-sha2-128f")]
    public async Task Signature_TruncatedExtendedOrTurned_DoesNotVerify(string name)
    {
        var (_, key) = Key(name);
        var message = "message"u8.ToArray();
        var signature = await key.SignAsync(key.Algorithm.DefaultSignature, message, TestContext.Current.CancellationToken);

        Assert.True(TestPki.Providers.Verify(key.PublicKey, key.Algorithm.DefaultSignature, message, signature));
        Assert.False(TestPki.Providers.Verify(key.PublicKey, key.Algorithm.DefaultSignature, message, signature.AsSpan()[..^1]));
        Assert.False(TestPki.Providers.Verify(key.PublicKey, key.Algorithm.DefaultSignature, message, [.. signature, 0]));
        signature[100] ^= 1;
        Assert.False(TestPki.Providers.Verify(key.PublicKey, key.Algorithm.DefaultSignature, message, signature));
    }

    [Theory]
    [InlineData("ml-dsa-44", Oids.Sha512)]
    [InlineData("ml-dsa-65", Oids.Sha512)]
    [InlineData("ml-dsa-87", Oids.Sha512)]
    [InlineData("slh-dsa-sha2-128f", Oids.Sha256)]
    [InlineData("slh-dsa-shake-128f", Oids.Shake128)]
    public async Task SignedData_HasTheDigestOfItsStandard_AndVerifies(string name, string digest)
    {
        var (_, key) = Key(name);
        var certificate = Issuing(key.Algorithm, key);
        var message = await SignedData.CreateAsync(Oids.CmsData, "content"u8.ToArray(), key, certificate, new SignedDataOptions(), TestContext.Current.CancellationToken);

        var signed = SignedData.Parse(message);
        Assert.Equal(digest, Assert.Single(signed.Signers).Digest!.Oid);
        Assert.Equal([certificate], signed.Verify(TestPki.Providers)!);
        var foreign = Assert.Single(new CmsSignedData(message).GetSignerInfos().GetSigners());
        Assert.Equal(digest, foreign.DigestAlgorithmID.Algorithm.Id);
        Assert.Equal(key.Algorithm.Oid, foreign.SignatureAlgorithm.Algorithm.Id);
        if (name.StartsWith("ml-dsa", StringComparison.Ordinal)) // BouncyCastle 2.7.0 takes SLH-DSA of CMS with other digests only
        {
            Assert.True(foreign.Verify(new X509CertificateParser().ReadCertificate(certificate.Der.ToArray())));
        }
    }

    [Fact]
    public void Digest_OfEverySignature_IsAsStrong()
    {
        foreach (var algorithm in SignatureAlgorithm.All)
        {
            var digest = CmsDigest.For(algorithm);
            if (KeyAlgorithm.Find(algorithm.Name) is { } key && key.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa)
            {
                Assert.True(8 * digest.Size >= 2 * key.SecurityBits, algorithm.Name);
            }
        }

        Assert.Equal(CmsDigest.Shake256, CmsDigest.For(SignatureAlgorithm.Find("mldsa87-ed448")!));
        Assert.Equal(CmsDigest.Sha256, CmsDigest.For(SignatureAlgorithm.Find("mldsa44-ecdsa-p256")!));
        Assert.Equal(CmsDigest.Sha512, CmsDigest.For(SignatureAlgorithm.Find("mldsa65-ecdsa-p256")!));
        Assert.Equal(CmsDigest.Shake256, CmsDigest.For(SignatureAlgorithm.Find("slh-dsa-shake-256s")!));
    }

    private static (KeyAlgorithm Algorithm, ISigningKey Key) Key(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        return (algorithm, TestPki.Key(algorithm, "pq"));
    }

    private static Certificate Issuing(KeyAlgorithm algorithm, ISigningKey key) => TestPki.Issue(
        TestPki.IssuingTbs() with
        {
            Issuer = TestPki.IssuingName,
            Signature = algorithm.DefaultSignature,
            PublicKey = key.PublicKey,
            Extensions = TestPki.IssuingTbs().Extensions.With(Extensions.X509Extension.SubjectKeyIdentifier(key.PublicKey.KeyIdentifier())),
        },
        key);
}
