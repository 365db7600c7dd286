using AgentPki.Testing;
using AgentPki.X509.Cms;
using AgentPki.X509.Cms.Cmc;
using AgentPki.X509.Der;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Cms;

public sealed class CmcTests
{
    [Fact]
    public async Task Parse_SignedFullRequest_GivesRequestsNonceAndTransaction()
    {
        var (key, certificate) = SignedDataTests.Signer("ecdsa-p256");
        var csr = await Csr();
        var data = PkiData.Encode([csr, csr], [1, 2, 3, 4], transactionId: 300);
        var message = await SignedData.CreateAsync(Oids.CmcPkiData, data, key, certificate, new SignedDataOptions(), TestContext.Current.CancellationToken);

        var signed = SignedData.Parse(message);
        var parsed = PkiData.Parse(signed.Content);

        Assert.Equal([certificate], signed.Verify(TestPki.Providers)!);
        Assert.Equal(Oids.CmcPkiData, signed.ContentType);
        Assert.Equal([1u, 2u], parsed.Requests.Select(r => r.BodyPartId));
        Assert.All(parsed.Requests, r => Assert.True(Assert.IsType<TaggedRequest.CertificationRequest>(r).Request!.VerifySignature(TestPki.Providers)));
        Assert.Equal([1, 2, 3, 4], parsed.SenderNonce.ToArray());
        Assert.Equal([0x01, 0x2C], parsed.TransactionId.ToArray());
        Assert.False(parsed.HasNestedMessages);
        Assert.Equal([CmcOids.TransactionId, CmcOids.SenderNonce], parsed.Controls.Select(c => c.Type));
    }

    [Fact]
    public void Parse_OtherRequestKinds_AreNamedNotDropped()
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.Write(DerTag.Sequence, []);
            using (writer.Sequence())
            {
                using (writer.Constructed(0xA1))
                {
                    using var request = writer.Sequence();
                    writer.WriteInteger(7);
                    writer.Write(DerTag.Sequence, []);
                }

                using (writer.Constructed(0xA2))
                {
                    writer.WriteInteger(8);
                    writer.WriteOid("1.2.3.4");
                    writer.WriteNull();
                }

                using (writer.Constructed(0xA0))
                {
                    writer.WriteInteger(uint.MaxValue);
                    writer.Write(DerTag.Sequence, [0x02, 0x01, 0x00]);
                }
            }

            using (writer.Sequence())
            {
                writer.WriteNull();
            }

            writer.Write(DerTag.Sequence, []);
        }

        var parsed = PkiData.Parse(writer.ToArray());

        Assert.Equal(new TaggedRequest.CertificateRequestMessage(7), parsed.Requests[0]);
        Assert.Equal(new TaggedRequest.Other(8, "1.2.3.4"), parsed.Requests[1]);
        var broken = Assert.IsType<TaggedRequest.CertificationRequest>(parsed.Requests[2]);
        Assert.Equal((uint.MaxValue, null, RequestErrorKind.Malformed), (broken.BodyPartId, broken.Request, broken.Error!.Kind));
        Assert.True(parsed.HasNestedMessages);
    }

    [Theory]
    [InlineData("3000")]
    [InlineData("30083000300030003000FF")]
    [InlineData("300E30083006020105060100310030003000")]
    public void Parse_Malformed_IsRefused(string hex)
    {
        Assert.False(PkiData.TryParse(Convert.FromHexString(hex), out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Response_EncodedAndParsed_KeepsEveryField()
    {
        var response = new PkiResponse(
        [
            new CmcStatusInfo(CmcStatus.Success, [1, 2]),
            new CmcStatusInfo(CmcStatus.Failed, [3], "No such profile.", CmcFailure.BadRequest),
            new CmcStatusInfo(CmcStatus.Pending, [4], "Wait.", null, new PendingInfo(new byte[] { 9 }, TestPki.Now)),
        ])
        { TransactionId = new byte[] { 0x01, 0x2C }, RecipientNonce = new byte[] { 1, 2, 3 } };

        var parsed = PkiResponse.Parse(response.Encode());

        Assert.Equal(
            response.Statuses.Select(s => (s.Status, string.Join(' ', s.BodyParts), s.Text, s.Failure, s.Pending?.Time)),
            parsed.Statuses.Select(s => (s.Status, string.Join(' ', s.BodyParts), s.Text, s.Failure, s.Pending?.Time)));
        Assert.Equal(response.TransactionId.ToArray(), parsed.TransactionId.ToArray());
        Assert.Equal(response.RecipientNonce.ToArray(), parsed.RecipientNonce.ToArray());
        using var openssl = new OpenSslTool();
        openssl.Write("response.der", response.Encode());
        Assert.Contains("No such profile.", openssl.Run("asn1parse", "-inform", "DER", "-in", "response.der"), StringComparison.Ordinal);
    }

    private static ValueTask<byte[]> Csr() => Pkcs10Request.CreateAsync(
        X500Name.Create((Oids.CommonName, "a")), [new GeneralName.Dns("a.example")], TestPki.AgentKey, TestContext.Current.CancellationToken);
}
