using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.X509;
using Xunit;
using SingleResponse = AgentPki.X509.Ocsp.SingleResponse;

namespace AgentPki.X509.Tests.Ocsp;

public sealed class OcspTests
{
    internal static readonly Certificate Responder = TestPki.Issue(TestPki.OcspResponderTbs(), TestPki.IssuingKey);

    [Theory]
    [InlineData(Oids.Sha1)]
    [InlineData(Oids.Sha256)]
    [InlineData(Oids.Sha384)]
    [InlineData(Oids.Sha512)]
    public void Request_Encoded_IsReadByUsAndOpenSsl(string hash)
    {
        var ids = new[] { CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber, hash), CertId.Create(TestPki.Root, TestPki.Issuing.SerialNumber, hash) };
        var nonce = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var der = OcspRequest.Encode(ids, nonce);

        var request = OcspRequest.Parse(der);

        Assert.Equal(ids, request.Certificates);
        Assert.Equal(nonce, request.Nonce.ToArray());
        Assert.True(request.Certificates[0].IsIssuedBy(TestPki.Issuing));
        Assert.False(request.Certificates[0].IsIssuedBy(TestPki.Root));
        using var openssl = new OpenSslTool();
        openssl.Write("request.der", der);
        Assert.Contains(TestPki.Agent.SerialHex, openssl.Run("ocsp", "-reqin", "request.der", "-req_text", "-noverify"), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("-sha1")]
    [InlineData("-sha256")]
    public void Request_OfOpenSsl_AlsoSignedAndWithSeveralCertificates_IsRead(string hash)
    {
        using var openssl = new OpenSslTool();
        openssl.Write("issuing.pem", Cms.SignedDataTests.Pem(TestPki.Issuing));
        openssl.Write("agent.pem", Cms.SignedDataTests.Pem(TestPki.Agent));
        Cms.SignedDataTests.WriteSigner(openssl, TestPki.AgentKey, TestPki.Agent);
        openssl.Run("ocsp", hash, "-issuer", "issuing.pem", "-cert", "agent.pem", "-serial", "0x1234", "-signer", "signer.pem", "-signkey", "key.pem", "-reqout", "request.der");

        var request = OcspRequest.Parse(openssl.Read("request.der"));

        Assert.Equal(2, request.Certificates.Count);
        Assert.All(request.Certificates, id => Assert.True(id.IsIssuedBy(TestPki.Issuing)));
        Assert.Equal(TestPki.Agent.SerialNumber.ToArray(), request.Certificates[0].SerialNumber.ToArray());
        Assert.NotEqual(0, request.Nonce.Length);
    }

    [Fact]
    public void Response_EveryStatus_OpenSslAndBouncyCastleVerify()
    {
        var good = CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber);
        var revoked = CertId.Create(TestPki.Issuing, TestPki.Serial(20));
        var unknown = CertId.Create(TestPki.Issuing, TestPki.Serial(21));
        var nonce = new byte[32];
        var (now, responder) = (TestPki.Now, Responder);
        var data = Data(now) with
        {
            Responses =
            [
                new SingleResponse(good, new OcspCertificateStatus.Good(), now, now.AddHours(1)),
                new SingleResponse(revoked, new OcspCertificateStatus.Revoked(now.AddDays(-1), CrlReason.KeyCompromise), now, now.AddHours(1)),
                new SingleResponse(unknown, new OcspCertificateStatus.Unknown(), now, now.AddHours(1)),
            ],
            Nonce = nonce,
        };
        var der = Signed(data, responder);

        var parsed = OcspResponse.Parse(der);
        Assert.True(parsed.VerifySignature(responder.PublicKey, TestPki.Providers));
        Assert.Equal(data.Responses, parsed.Data!.Responses);
        Assert.Equal([responder], parsed.Certificates);
        Assert.True(parsed.Data.Responder.Matches(responder.Subject, responder.PublicKey));
        using var openssl = new OpenSslTool();
        openssl.Write("response.der", der);
        openssl.Write("request.der", OcspRequest.Encode([good, revoked, unknown], nonce));
        openssl.Write("chain.pem", Cms.SignedDataTests.Pem(TestPki.Root) + Cms.SignedDataTests.Pem(TestPki.Issuing));
        openssl.Write("issuing.pem", Cms.SignedDataTests.Pem(TestPki.Issuing));
        var text = openssl.Run(
            "ocsp", "-respin", "response.der", "-reqin", "request.der", "-CAfile", "chain.pem", "-issuer", "issuing.pem",
            // The clock of the machine has no say: the chain is judged at the time of the test, the answers at any time.
            "-attime", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), "-validity_period", "2000000000", "-resp_text");
        Assert.Contains("Response verify OK", text, StringComparison.Ordinal);
        foreach (var status in (string[])["good", "revoked", "unknown"])
        {
            Assert.Contains("Cert Status: " + status, text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("WARNING", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("keyCompromise", text, StringComparison.Ordinal);
        var foreign = (BasicOcspResp)new OcspResp(der).GetResponseObject();
        Assert.True(foreign.Verify(new X509CertificateParser().ReadCertificate(responder.Der.ToArray()).GetPublicKey()));
        Assert.Same(CertificateStatus.Good, foreign.Responses[0].GetCertStatus());
    }

    [Theory]
    [InlineData(OcspResponseStatus.MalformedRequest, "malformedrequest")]
    [InlineData(OcspResponseStatus.InternalError, "internalerror")]
    [InlineData(OcspResponseStatus.TryLater, "trylater")]
    [InlineData(OcspResponseStatus.SigRequired, "sigrequired")]
    [InlineData(OcspResponseStatus.Unauthorized, "unauthorized")]
    public void Error_EveryStatus_OpenSslNamesIt(OcspResponseStatus status, string name)
    {
        using var openssl = new OpenSslTool();
        openssl.Write("response.der", OcspResponse.Error(status));

        Assert.Contains(name, openssl.TryRun("ocsp", "-respin", "response.der", "-noverify").Output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(status, OcspResponse.Parse(OcspResponse.Error(status)).Status);
        Assert.False(OcspResponse.Parse(OcspResponse.Error(status)).VerifySignature(Responder.PublicKey, TestPki.Providers));
    }

    [Fact]
    public void Request_NonceLongerThan128OrEmpty_IsMalformed()
    {
        var id = CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber);
        // The same request with a nonce of no octets: an OCTET STRING in the extension's OCTET STRING.
        var single = OcspRequest.Encode([id], new byte[1]);
        Assert.True(OcspRequest.TryParse(single, out _, out _));
        Assert.Equal(new byte[] { 0x04, 0x03, 0x04, 0x01, 0x00 }, single[^5..]);
        byte[] empty = [.. single[..^5], 0x04, 0x02, 0x04, 0x00];
        foreach (var at in LengthsAround(empty))
        {
            empty[at]--;
        }

        Assert.False(OcspRequest.TryParse(empty, out _, out var why));
        Assert.Contains("nonce", why, StringComparison.Ordinal);

        Assert.True(OcspRequest.TryParse(OcspRequest.Encode([id], new byte[128]), out _, out _));
        Assert.False(OcspRequest.TryParse(OcspRequest.Encode([id], new byte[129]), out _, out var error));
        Assert.Contains("nonce", error, StringComparison.Ordinal);
    }

    // Of every SEQUENCE and [n] that reaches to the end of the octets it once had one more of: OCSPRequest, TBSRequest, [2], Extensions, Extension.
    private static List<int> LengthsAround(byte[] octets)
    {
        var found = new List<int>();
        for (var at = 0; at + 1 < octets.Length; at++)
        {
            if (octets[at] is 0x30 or 0xA2 && at + 2 + octets[at + 1] == octets.Length + 1)
            {
                found.Add(at + 1);
            }
        }

        return found.Count == 5 ? found : throw new InvalidOperationException($"{found.Count} lengths");
    }

    [Fact]
    public void Request_TooManyQuestionsOrNone_IsMalformed()
    {
        var id = CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber);

        Assert.True(OcspRequest.TryParse(OcspRequest.Encode(Enumerable.Repeat(id, Limits.OcspRequests)), out _, out _));
        Assert.False(OcspRequest.TryParse(OcspRequest.Encode(Enumerable.Repeat(id, Limits.OcspRequests + 1)), out _, out _));
        Assert.False(OcspRequest.TryParse(OcspRequest.Encode([]), out _, out _));
    }

    internal static ResponseData Data(DateTimeOffset now) => new()
    {
        Responder = ResponderId.For(TestPki.AgentKey.PublicKey),
        ProducedAt = now,
        Responses = [new SingleResponse(CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber), new OcspCertificateStatus.Good(), now, now.AddHours(1))],
    };

    internal static byte[] Signed(ResponseData data, Certificate responder)
    {
        var tbs = data.Encode();
        return OcspResponse.Assemble(tbs, SignatureAlgorithm.EcdsaSha256, TestPki.Sign(TestPki.AgentKey, SignatureAlgorithm.EcdsaSha256, tbs), responder.Der);
    }
}
