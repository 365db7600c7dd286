using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Requests;

/// <summary>RFC 9883: requests that the key of another certificate signs.</summary>
public sealed class PossessionStatementTests
{
    private static readonly PublicKey Recipient = PublicKey.Parse(BouncyCastlePki.MlKem768.Value.SubjectPublicKeyInfo);

    [Fact]
    public async Task CreateAsync_ForAnEncapsulationKey_ReadsBackAndVerifiesWithTheSignersCertificateOnly()
    {
        var request = Pkcs10Request.Parse(await CreateAsync());

        Assert.Equal(Recipient, request.PublicKey);
        Assert.Equal(TestPki.Agent.Der.ToArray(), request.PossessionStatement!.Certificate!.Der.ToArray());
        Assert.True(request.PossessionStatement.IsMadeBy(TestPki.Agent));
        Assert.False(request.PossessionStatement.IsMadeBy(TestPki.Issuing));
        Assert.True(request.VerifySignature(TestPki.Agent, TestPki.Providers));
        Assert.False(request.VerifySignature(TestPki.Issuing, TestPki.Providers));
        Assert.False(request.VerifySignature(TestPki.Providers));
    }

    [Fact]
    public async Task VerifySignature_OneBitChanged_IsFalse()
    {
        var der = await CreateAsync();
        der[^1] ^= 1;

        Assert.False(Pkcs10Request.Parse(der).VerifySignature(TestPki.Agent, TestPki.Providers));
    }

    [Fact]
    public async Task VerifySignature_RequestSignedWithItsOwnKey_IsNobodyElses()
    {
        var request = Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(TestPki.Agent.Subject, [], TestPki.AgentKey, CancellationToken.None));

        Assert.Null(request.PossessionStatement);
        Assert.True(request.VerifySignature(TestPki.Providers));
        Assert.False(request.VerifySignature(TestPki.Agent, TestPki.Providers));
    }

    [Fact]
    public async Task CreateAsync_CertificateOfAnotherKey_Throws() => await Assert.ThrowsAsync<ArgumentException>(async () =>
        await Pkcs10Request.CreateAsync(TestPki.Agent.Subject, [], Recipient, TestPki.IssuingKey, new Pkcs10Options { PossessionBy = TestPki.Agent }, CancellationToken.None));

    [Fact]
    public void Parse_WithoutTheCertificate_KeepsTheName()
    {
        var statement = PossessionStatement.Parse(Sequence(Signer(TestPki.Agent.SerialNumber)));

        Assert.Null(statement.Certificate);
        Assert.True(statement.IsMadeBy(TestPki.Agent));
    }

    [Fact]
    public void Parse_MalformedStatements_AreRefused()
    {
        var signer = Signer(TestPki.Agent.SerialNumber);
        foreach (var bad in (byte[][])[
            [5, 0],
            Sequence(),
            Sequence(Sequence(TestPki.Agent.Issuer.Der.ToArray())),
            Sequence(signer, [5, 0]),
            Sequence(signer, TestPki.Agent.Der.ToArray(), [5, 0]),
            Sequence(Signer(TestPki.Issuing.SerialNumber), TestPki.Agent.Der.ToArray())])
        {
            Assert.Throws<MalformedDataException>(() => PossessionStatement.Parse(bad));
        }
    }

    [Fact]
    public async Task TryParse_TwoStatements_AreMalformed()
    {
        var statement = new RequestAttribute(Oids.StatementOfPossession, [PossessionStatement.By(TestPki.Agent).Encode()]);
        var der = await Pkcs10Request.CreateAsync(
            TestPki.Agent.Subject, [], Recipient, TestPki.AgentKey, new Pkcs10Options { PossessionBy = TestPki.Agent, Attributes = [statement] }, CancellationToken.None);

        Assert.False(Pkcs10Request.TryParse(der, out _, out var error));
        Assert.Equal(RequestErrorKind.Malformed, error.Kind);
    }

    private static async Task<byte[]> CreateAsync() => await Pkcs10Request.CreateAsync(
        X500Name.Create((Oids.CommonName, "agent-7")), [new GeneralName.Dns("agent-7.example")], Recipient, TestPki.AgentKey, new Pkcs10Options { PossessionBy = TestPki.Agent }, CancellationToken.None);

    private static byte[] Signer(ReadOnlyMemory<byte> serial)
    {
        using var writer = new DerWriter();
        writer.Write(DerTag.Integer, serial.Span);
        return Sequence(TestPki.Agent.Issuer.Der.ToArray(), writer.ToArray());
    }

    private static byte[] Sequence(params byte[][] elements)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            foreach (var element in elements)
            {
                writer.WriteEncoded(element);
            }
        }

        return writer.ToArray();
    }
}
