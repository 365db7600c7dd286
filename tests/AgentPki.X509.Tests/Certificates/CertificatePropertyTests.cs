using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using CsCheck;
using Org.BouncyCastle.X509;
using Xunit;
using X509Extension = AgentPki.X509.Extensions.X509Extension;

namespace AgentPki.X509.Tests.Certificates;

/// <summary>What we encode, for any field values: the same to us, to .NET, to BouncyCastle, and in a batch to openssl.</summary>
public sealed class CertificatePropertyTests
{
    private static readonly Gen<string> Label = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789"], 1, 20];

    private static readonly Gen<GeneralName> Names = Gen.OneOf(
        Label.Array[1, 3].Select(labels => (GeneralName)new GeneralName.Dns(string.Join('.', labels))),
        Label.Select(path => (GeneralName)new GeneralName.Uri("spiffe://agents.example/" + path)),
        Gen.Byte.Array[4].Select(octets => (GeneralName)new GeneralName.Ip(new IPAddress(octets))),
        Gen.Byte.Array[16].Select(octets => (GeneralName)new GeneralName.Ip(new IPAddress(octets))),
        Label.Select(local => (GeneralName)new GeneralName.Rfc822(local + "@example.org")),
        Label.Select(cn => (GeneralName)new GeneralName.Directory(X500Name.Create((Oids.CommonName, cn)))));

    private static readonly Gen<TbsCertificate> Certificates = Gen.Select(
        Gen.Byte.Array[8, 20], Gen.Long[0, 4102444800L * 2], Gen.Int[1, 100_000_000], Label, Names.Array[1, 8], Gen.Int[1, 0x1FF], Gen.Bool).Select((serial, from, seconds, cn, names, usages, critical) =>
        {
            serial[0] = (byte)(serial[0] & 0x3F | 0x40);
            return TestPki.AgentTbs() with
            {
                SerialNumber = serial,
                NotBefore = DateTimeOffset.FromUnixTimeSeconds(from),
                NotAfter = DateTimeOffset.FromUnixTimeSeconds(from + seconds),
                Subject = X500Name.Create((Oids.Country, "DE"), (Oids.Organization, "Exämple"), (Oids.CommonName, cn)),
                Extensions = TestPki.AgentTbs().Extensions.With(X509Extension.SubjectAlternativeName(names, critical)).With(X509Extension.KeyUsage((KeyUsages)usages)),
            };
        });

    [Fact]
    public void Encode_AnyCertificate_IsTheSameToEverybody() => Certificates.Sample(
        tbs =>
        {
            var own = TestPki.Issue(tbs, TestPki.IssuingKey);
            Assert.Equal(tbs.SerialNumber.ToArray(), own.SerialNumber.ToArray());
            Assert.Equal((tbs.NotBefore, tbs.NotAfter, tbs.Subject, tbs.Issuer), (own.NotBefore, own.NotAfter, own.Subject, own.Issuer));
            Assert.Equal(tbs.Extensions, own.Extensions);
            Assert.True(own.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));

            using var dotnet = X509CertificateLoader.LoadCertificate(own.Der.Span);
            Assert.Equal((tbs.NotBefore.UtcDateTime, tbs.NotAfter.UtcDateTime), (dotnet.NotBefore.ToUniversalTime(), dotnet.NotAfter.ToUniversalTime()));
            Assert.Equal(own.SerialHex, dotnet.SerialNumber, ignoreCase: true);
            Assert.Equal(tbs.Subject.Der.ToArray(), dotnet.SubjectName.RawData);
            var alternative = dotnet.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
            Assert.Equal(own.SubjectAlternativeNames.OfType<GeneralName.Dns>().Select(d => d.Name), alternative.EnumerateDnsNames());
            Assert.Equal(own.SubjectAlternativeNames.OfType<GeneralName.Ip>().Select(i => i.Address), alternative.EnumerateIPAddresses());

            var bouncy = new X509CertificateParser().ReadCertificate(own.Der.ToArray());
            bouncy.Verify(new X509CertificateParser().ReadCertificate(TestPki.Issuing.Der.ToArray()).GetPublicKey());
            Assert.Equal(own.SubjectAlternativeNames.Count, bouncy.GetSubjectAlternativeNames().Count);
            var usages = bouncy.GetKeyUsage();
            Assert.All(Enumerable.Range(0, 9), bit => Assert.Equal(((int)own.KeyUsages!.Value >> bit & 1) == 1, usages[bit]));
        },
        iter: 150);

    [Fact]
    public void Encode_ManyCertificates_OpenSslVerifiesThemInABatch()
    {
        using var openssl = new OpenSslTool();
        openssl.Write("chain.pem", Cms.SignedDataTests.Pem(TestPki.Root) + Cms.SignedDataTests.Pem(TestPki.Issuing));
        var files = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var tbs = Certificates.Single(_ => true, $"{i:D12}");
            // openssl judges the chain too: times inside the issuer's, usages a leaf may have.
            tbs = tbs with { NotBefore = TestPki.Now, NotAfter = TestPki.Now.AddDays(1), Extensions = tbs.Extensions.With(X509Extension.KeyUsage(KeyUsages.DigitalSignature)) };
            openssl.Write($"{i}.pem", Cms.SignedDataTests.Pem(TestPki.Issue(tbs, TestPki.IssuingKey)));
            files.Add($"{i}.pem");
        }

        var output = openssl.Run(["verify", "-x509_strict", "-attime", $"{TestPki.Now.AddHours(1).ToUnixTimeSeconds()}", "-CAfile", "chain.pem", .. files]);

        Assert.Equal(files.Count, output.Split(": OK").Length - 1);
    }

    [Theory]
    [InlineData("ecdsa-p256", "ecdsa-sha256")]
    [InlineData("ecdsa-p384", "ecdsa-sha384")]
    [InlineData("rsa-3072", "rsa-pkcs1-sha256")]
    [InlineData("rsa-3072", "rsa-pss-sha384")]
    [InlineData("ed25519", "ed25519")]
    public void Issue_EverySignatureAlgorithm_OpenSslVerifies(string keyName, string algorithm)
    {
        var key = TestPki.Key(KeyAlgorithm.Find(keyName)!, "ca");
        var root = TestPki.RootTbs() with { PublicKey = key.PublicKey, Signature = SignatureAlgorithm.Find(algorithm)!, Extensions = TestPki.RootTbs().Extensions.With(X509Extension.SubjectKeyIdentifier(key.PublicKey.KeyIdentifier())) };
        var certificate = TestPki.Issue(root, key);
        using var openssl = new OpenSslTool();
        openssl.Write("root.pem", Cms.SignedDataTests.Pem(certificate));

        Assert.True(certificate.VerifySignature(key.PublicKey, TestPki.Providers));
        Assert.Contains("OK", openssl.Run("verify", "-x509_strict", "-check_ss_sig", "-attime", $"{TestPki.Now.ToUnixTimeSeconds()}", "-CAfile", "root.pem", "root.pem"), StringComparison.Ordinal);
    }
}
