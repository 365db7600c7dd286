using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.X509;
using Xunit;

namespace AgentPki.X509.Tests.CertificateLists;

public sealed class CertificateListTests
{
    internal static readonly RevokedCertificate[] Entries =
    [
        new(TestPki.Serial(10), TestPki.Now.AddDays(-3)),
        new(TestPki.Serial(11), TestPki.Now.AddDays(-2), CrlReason.KeyCompromise, TestPki.Now.AddDays(-4)),
        new(TestPki.Agent.SerialNumber, TestPki.Now.AddDays(-1), CrlReason.Superseded),
    ];

    internal static TbsCertificateList Tbs() => new()
    {
        Signature = SignatureAlgorithm.EcdsaSha256,
        Issuer = TestPki.IssuingName,
        ThisUpdate = TestPki.Now,
        NextUpdate = TestPki.Now.AddHours(12),
        AuthorityKeyIdentifier = TestPki.IssuingKey.PublicKey.KeyIdentifier(),
        Number = 300,
        IssuingDistributionPoint = new IssuingDistributionPoint([new GeneralName.Uri("http://pki.example/issuing.crl")], OnlyUserCertificates: true),
    };

    [Fact]
    public void Parse_Encoded_GivesEveryFieldAndVerifies()
    {
        var list = CertificateList.Parse(Signed(Tbs(), Entries));

        Assert.True(list.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));
        Assert.False(list.VerifySignature(TestPki.AgentKey.PublicKey, TestPki.Providers));
        Assert.Equal((300L, 3, TestPki.Now, TestPki.Now.AddHours(12)), (list.Number, list.Count, list.ThisUpdate, list.NextUpdate));
        Assert.Equal(Entries, list.Entries);
        Assert.Equal(Entries, list.Entries);
        Assert.Equal(CrlReason.Superseded, list.Find(TestPki.Agent.SerialNumber.Span)!.Value.Reason);
        Assert.Null(list.Find([1, 2, 3]));
        Assert.Equal([new GeneralName.Uri("http://pki.example/issuing.crl")], list.Fields.IssuingDistributionPoint!.FullName);
        Assert.True(list.Fields.IssuingDistributionPoint.OnlyUserCertificates);
    }

    [Fact]
    public void Encode_List_OpenSslAndBouncyCastleReadAndVerify()
    {
        var der = Signed(Tbs(), Entries);
        using var openssl = new OpenSslTool();
        openssl.Write("list.crl", der);
        openssl.Write("issuing.pem", Cms.SignedDataTests.Pem(TestPki.Issuing));

        var text = openssl.Run("crl", "-inform", "DER", "-in", "list.crl", "-CAfile", "issuing.pem", "-noout", "-text");

        Assert.Contains("verify OK", text, StringComparison.Ordinal);
        Assert.Contains("Key Compromise", text, StringComparison.Ordinal);
        Assert.Contains("Only User Certificates", text, StringComparison.Ordinal);
        Assert.Contains("Invalidity Date", text, StringComparison.Ordinal);
        var foreign = new X509CrlParser().ReadCrl(der);
        foreign.Verify(new X509CertificateParser().ReadCertificate(TestPki.Issuing.Der.ToArray()).GetPublicKey());
        Assert.Equal(3, foreign.GetRevokedCertificates().Count);
    }

    [Fact]
    public void Encode_NoEntries_LeavesTheListOut()
    {
        var list = CertificateList.Parse(Signed(Tbs(), []));

        Assert.Equal((0, false), (list.Count, list.Fields.HasEmptyEntries));
        Assert.Empty(list.Entries);
    }

    [Fact]
    public void Encode_DeltaAndManyEntries_RoundTrip()
    {
        var entries = Enumerable.Range(0, 20_000).Select(i => new RevokedCertificate(TestPki.Serial(1000 + i), TestPki.Now.AddMinutes(-i), (CrlReason)(i % 6)));

        var list = CertificateList.Parse(Signed(Tbs() with { BaseNumber = 299 }, entries));

        Assert.Equal(20_000, list.Count);
        Assert.Equal(20_000, list.Entries.Count());
        Assert.Equal([0x01, 0x2B], list.Fields.BaseNumber.ToArray());
        // Unspecified is written as no reason.
        Assert.Null(list.Entries.First().Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(2000)]
    public void EncodeAround_EntriesWrittenElsewhere_AreTheSameOctets(int count)
    {
        var entries = Enumerable.Range(0, count).Select(i => new RevokedCertificate(TestPki.Serial(1000 + i), TestPki.Now.AddMinutes(-i), (CrlReason)(i % 6))).ToList();
        using var elsewhere = new AgentPki.X509.Der.DerWriter();
        entries.ForEach(e => e.Write(elsewhere));

        var (before, after) = Tbs().EncodeAround(elsewhere.Written.Length);

        var list = CertificateListFields.Parse(Tbs().Encode(entries));
        Assert.Equal(Tbs().Encode(entries).AsSpan(), (ReadOnlySpan<byte>)[.. before, .. elsewhere.Written, .. after]);
        Assert.Equal(entries.Select(e => e.SerialNumber.ToArray()), list.Entries.Select(e => e.SerialNumber.ToArray()));
    }

    [Fact]
    public void Encode_FreshestAndExpired_AreReadAgain_AlsoByOpenSsl()
    {
        var der = Signed(Tbs() with { FreshestListUrl = "http://pki.example/delta.crl", ExpiredCertificatesSince = TestPki.Now.AddYears(-1) }, []);
        var fields = CertificateList.Parse(der).Fields;
        Assert.Equal([new GeneralName.Uri("http://pki.example/delta.crl")], Assert.Single(fields.FreshestPoints).FullName);
        Assert.Equal(TestPki.Now.AddYears(-1), fields.ExpiredCertificatesSince);
        using var openssl = new OpenSslTool();
        openssl.Write("list.crl", der);
        Assert.Contains("X509v3 Freshest CRL", openssl.Run("crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ListOfOpenSsl_IsRead()
    {
        using var openssl = new OpenSslTool();
        Cms.SignedDataTests.WriteSigner(openssl, TestPki.IssuingKey, TestPki.Issuing);
        openssl.Write("index.txt", $"R\t270101000000Z\t261031120000Z,keyCompromise\t{TestPki.Agent.SerialHex.ToUpperInvariant()}\tunknown\t/CN=agent-7\n");
        openssl.Write("crlnumber", "1F\n");
        openssl.Write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=1\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n");
        openssl.Run("ca", "-config", "ca.cnf", "-gencrl", "-cert", "signer.pem", "-keyfile", "key.pem", "-out", "list.pem");
        openssl.Run("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.crl");

        var list = CertificateList.Parse(openssl.Read("list.crl"));

        Assert.True(list.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));
        Assert.Equal((31L, CrlReason.KeyCompromise), (list.Number, list.Find(TestPki.Agent.SerialNumber.Span)!.Value.Reason));
    }

    internal static byte[] Signed(TbsCertificateList tbs, IEnumerable<RevokedCertificate> entries)
    {
        var encoded = tbs.Encode(entries);
        return Certificate.Assemble(encoded, tbs.Signature, TestPki.Sign(TestPki.IssuingKey, tbs.Signature, encoded));
    }
}
