using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.PostQuantum;

/// <summary>The third opinion: an openssl that knows the algorithms. Its requests and CMS messages are read here; our chain, CRL, OCSP response, request and CMS message there.</summary>
public sealed class OpenSslAgreementTests
{
    private const string Aia = "http://pki.example/";

    public static TheoryData<string> Kinds => ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87", "slh-dsa-sha2-128f", "slh-dsa-shake-128f"];

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    [InlineData("slh-dsa-sha2-128s")]
    [InlineData("slh-dsa-sha2-256f")]
    [InlineData("slh-dsa-shake-192f")]
    public void Parse_RequestOfOpenSsl_Verifies(string name)
    {
        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        openssl.Run("req", "-new", "-newkey", name, "-nodes", "-keyout", "key.pem", "-subj", "/CN=agent-7", "-addext", "subjectAltName=DNS:agent-7.example", "-outform", "DER", "-out", "req.der");

        var request = Pkcs10Request.Parse(openssl.Read("req.der"));

        Assert.Equal(name, request.PublicKey.Algorithm.Name);
        Assert.Equal(name, request.SignatureAlgorithm.Name);
        Assert.True(request.VerifySignature(TestPki.Providers));
        Assert.Equal([new GeneralName.Dns("agent-7.example")], request.SubjectAlternativeNames);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task OpenSsl_AcceptsOurChainListResponseRequestAndMessage(string name)
    {
        var (algorithm, root, issuing, leaf) = (KeyAlgorithm.Find(name)!, Key(name, "root"), Key(name, "issuing"), Key(name, "leaf"));
        var signature = algorithm.DefaultSignature;
        var rootCertificate = Issue(TestPki.RootTbs(), root, root);
        var issuingCertificate = Issue(TestPki.IssuingTbs(), issuing, root);
        var leafCertificate = Issue(TestPki.AgentTbs(), leaf, issuing);
        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        foreach (var (file, certificate) in new[] { ("root.pem", rootCertificate), ("issuing.pem", issuingCertificate), ("leaf.pem", leafCertificate) })
        {
            openssl.Write(file, Cms.SignedDataTests.Pem(certificate));
        }

        var at = TestPki.Now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains("OK", openssl.Run("verify", "-x509_strict", "-attime", at, "-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"), StringComparison.Ordinal);

        openssl.Write("req.der", await Pkcs10Request.CreateAsync(leafCertificate.Subject, [new GeneralName.Dns("a.example")], leaf, TestContext.Current.CancellationToken));
        Assert.Contains("verify OK", openssl.Run("req", "-inform", "DER", "-in", "req.der", "-verify", "-noout"), StringComparison.Ordinal);

        var tbs = new TbsCertificateList
        {
            Signature = signature,
            Issuer = issuingCertificate.Subject,
            ThisUpdate = TestPki.Now,
            NextUpdate = TestPki.Now.AddHours(12),
            AuthorityKeyIdentifier = issuing.PublicKey.KeyIdentifier(),
            Number = 7,
            IssuingDistributionPoint = new IssuingDistributionPoint([new GeneralName.Uri(Aia + "issuing.crl")], OnlyUserCertificates: true),
        }.Encode([new RevokedCertificate(TestPki.Serial(10), TestPki.Now.AddDays(-3))]);
        openssl.Write("list.der", Certificate.Assemble(tbs, signature, TestPki.Sign(issuing, signature, tbs)));
        Assert.Contains("verify OK", openssl.Run("crl", "-inform", "DER", "-in", "list.der", "-CAfile", "issuing.pem", "-noout"), StringComparison.Ordinal);

        var now = DateTimeOffset.UtcNow;
        var data = new ResponseData
        {
            Responder = ResponderId.For(issuing.PublicKey),
            ProducedAt = now,
            Responses = [new SingleResponse(CertId.Create(issuingCertificate, leafCertificate.SerialNumber), new OcspCertificateStatus.Good(), now, now.AddHours(1))],
        }.Encode();
        openssl.Write("response.der", OcspResponse.Assemble(data, signature, TestPki.Sign(issuing, signature, data), issuingCertificate.Der));
        openssl.Write("chain.pem", Cms.SignedDataTests.Pem(rootCertificate) + Cms.SignedDataTests.Pem(issuingCertificate));
        Assert.Contains(
            "Response verify OK", openssl.Run("ocsp", "-respin", "response.der", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-CAfile", "chain.pem", "-verify_other", "issuing.pem", "-trust_other"), StringComparison.Ordinal);

        openssl.Write("message.der", await SignedData.CreateAsync(Oids.CmsData, "content"u8.ToArray(), leaf, leafCertificate, new SignedDataOptions { SigningTime = TestPki.Now }, TestContext.Current.CancellationToken));
        openssl.Run("cms", "-verify", "-inform", "DER", "-in", "message.der", "-noverify", "-out", "content");
        Assert.Equal("content"u8.ToArray(), openssl.Read("content"));
    }

    [Theory]
    [InlineData("ml-dsa-44", "sha512")]
    [InlineData("ml-dsa-44", "sha256")]
    [InlineData("ml-dsa-65", "sha512")]
    [InlineData("slh-dsa-sha2-128f", "sha256")]
    public void Verify_MessageOfOpenSsl(string name, string digest)
    {
        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        openssl.Run("req", "-x509", "-newkey", name, "-nodes", "-keyout", "key.pem", "-out", "signer.pem", "-subj", "/CN=signer", "-days", "2");
        openssl.Write("content", "content");
        // Without signed attributes, OpenSSL 3.5 signs with none of these algorithms.
        openssl.Run("cms", "-sign", "-binary", "-nodetach", "-in", "content", "-signer", "signer.pem", "-inkey", "key.pem", "-md", digest, "-outform", "DER", "-out", "message.der");

        Assert.NotNull(SignedData.Parse(openssl.Read("message.der")).Verify(TestPki.Providers));
    }

    [Fact]
    public void Verify_MessageWithADigestWeakerThanItsSignature_IsRefused()
    {
        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        openssl.Run("req", "-x509", "-newkey", "ml-dsa-87", "-nodes", "-keyout", "key.pem", "-out", "signer.pem", "-subj", "/CN=signer", "-days", "2");
        openssl.Write("content", "content");
        openssl.Run("cms", "-sign", "-binary", "-nodetach", "-in", "content", "-signer", "signer.pem", "-inkey", "key.pem", "-md", "sha256", "-outform", "DER", "-out", "message.der");

        // RFC 9882 §3.3: verifiers may, and this one does.
        Assert.Null(SignedData.Parse(openssl.Read("message.der")).Verify(TestPki.Providers));
    }

    internal static ISigningKey Key(string name, string label) => TestPki.Key(KeyAlgorithm.Find(name)!, "openssl-" + label);

    internal static Certificate Issue(TbsCertificate tbs, ISigningKey key, ISigningKey issuer) => TestPki.Issue(
        tbs with
        {
            Signature = issuer.Algorithm.DefaultSignature,
            PublicKey = key.PublicKey,
            Extensions = Identified(tbs.Extensions.With(X509Extension.SubjectKeyIdentifier(key.PublicKey.KeyIdentifier())), key, issuer),
        },
        issuer);

    private static IReadOnlyList<X509Extension> Identified(IReadOnlyList<X509Extension> extensions, ISigningKey key, ISigningKey issuer) =>
        ReferenceEquals(key, issuer) ? extensions : extensions.With(X509Extension.AuthorityKeyIdentifier(issuer.PublicKey.KeyIdentifier()));
}
