using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using CsCheck;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.X509;
using Xunit;
using X509Extension = AgentPki.X509.Extensions.X509Extension;

namespace AgentPki.X509.Tests.Certificates;

/// <summary>Alternative keys and signatures of certificates (X.509 (2019) §9.8), against BouncyCastle in both directions.</summary>
public sealed class AlternativeSignatureTests
{
    private static readonly Gen<TbsCertificate> AnyCertificate = Gen.Select(Gen.Byte.Array[8, 20], Gen.String[Gen.Char.AlphaNumeric, 1, 30], Gen.Byte.Array[0, 400], Gen.Bool).Select((serial, name, value, foreign) =>
    {
        serial[0] = (byte)(serial[0] & 0x3F | 0x40);
        var tbs = TestPki.AgentTbs() with { SerialNumber = serial, Subject = X500Name.Create((Oids.CommonName, name)) };
        using var writer = new AgentPki.X509.Der.DerWriter();
        writer.WriteOctetString(value);
        // Some with an extension that nobody knows, of any length: length octets around it grow and shrink.
        return foreign ? tbs with { Extensions = [new X509Extension("1.3.6.1.4.1.32473.7", false, writer.ToArray()), .. tbs.Extensions] } : tbs;
    });

    [Fact]
    public void Issue_AnyCertificate_BouncyCastleVerifiesBothSignatures() => AnyCertificate.Sample(
        tbs =>
        {
            var own = CatalystPki.Issue(CatalystPki.WithKey(tbs, CatalystPki.AgentAlternative), TestPki.IssuingKey, CatalystPki.IssuingAlternative);
            var bouncy = new X509CertificateParser().ReadCertificate(own.Der.ToArray());
            Assert.True(bouncy.IsSignatureValid(Bouncy.Public(TestPki.IssuingKey.PublicKey)));
            Assert.True(bouncy.IsAlternativeSignatureValid(Bouncy.Public(CatalystPki.IssuingAlternative.PublicKey)));
            Assert.False(bouncy.IsAlternativeSignatureValid(Bouncy.Public(CatalystPki.RootAlternative.PublicKey)));
            Assert.True(own.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
            Assert.Equal(CatalystPki.AgentAlternative.PublicKey, own.AlternativePublicKey);
        },
        iter: 60);

    [Fact]
    public void PreTbs_OfDraftAndOfFinal_AreTheSame() => AnyCertificate.Sample(
        tbs =>
        {
            var draft = CatalystPki.Draft(tbs, CatalystPki.IssuingAlternative);
            var final = PreTbs.CompleteCertificate(draft, new byte[3309]);
            Assert.Equal(PreTbs.OfCertificate(draft), PreTbs.OfCertificate(final));
            var fields = TbsFields.Parse(final);
            Assert.Equal((3309, Oids.AltSignatureValue), (fields.AlternativeSignature!.Value.Length, fields.Extensions[^1].Oid));
            // Field by field what the draft says, and nothing between: the final octets are the draft's and one extension.
            Assert.Equal(TbsFields.Parse(draft).Extensions, fields.Extensions.SkipLast(1));
            Assert.Throws<MalformedDataException>(() => PreTbs.CompleteCertificate(final, new byte[1]));
        },
        iter: 100);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_CertificateOfBouncyCastle_IsValid(bool critical)
    {
        var made = Generate(critical, Bouncy.Signer(CatalystPki.IssuingAlternative));

        var own = Certificate.Parse(made.GetEncoded());

        Assert.True(own.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));
        Assert.True(own.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
        Assert.False(own.VerifyAlternativeSignature(CatalystPki.RootAlternative.PublicKey, TestPki.Providers));
        Assert.Equal(CatalystPki.AgentAlternative.PublicKey, own.AlternativePublicKey);
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    public void Verify_MlDsaBesideEcdsa_IsValidBothWays(string name)
    {
        var alternative = TestPki.Key(KeyAlgorithm.Find(name)!, "alt");

        var theirs = Certificate.Parse(Generate(false, Bouncy.Signer(alternative)).GetEncoded());
        var ours = CatalystPki.Issue(CatalystPki.WithKey(TestPki.AgentTbs(), alternative), TestPki.IssuingKey, alternative);

        Assert.Equal(alternative.Algorithm.DefaultSignature, theirs.AlternativeSignature!.Algorithm);
        Assert.True(theirs.VerifyAlternativeSignature(alternative.PublicKey, TestPki.Providers));
        Assert.True(new X509CertificateParser().ReadCertificate(ours.Der.ToArray()).IsAlternativeSignatureValid(Bouncy.Public(alternative.PublicKey)));
        Assert.True(ours.VerifyAlternativeSignature(alternative.PublicKey, TestPki.Providers));
        Assert.False(ours.VerifyAlternativeSignature(TestPki.Key(alternative.Algorithm, "other-alt").PublicKey, TestPki.Providers));
        using var dotnet = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(ours.Der.Span);
        Assert.Equal(ours.SerialHex, dotnet.SerialNumber, ignoreCase: true);
    }

    [Fact]
    public void Verify_AnyOctetOfThePreTbsChanged_IsNotValid()
    {
        // The primary signature is made anew over every changed certificate, as one would who has broken its algorithm.
        var tbs = CatalystPki.Agent.Tbs.ToArray();
        var covered = Certificate.Parse(CatalystPki.Agent.Der).Fields;
        var skipped = 0;
        for (var at = 0; at < tbs.Length; at += 3)
        {
            var changed = tbs.ToArray();
            changed[at] ^= 1;
            if (!Certificate.TryParse(TestPki.IssueDer(changed, SignatureAlgorithm.EcdsaSha256, TestPki.IssuingKey), out var certificate, out _))
            {
                skipped++;
                continue;
            }

            Assert.False(certificate.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers), $"octet {at}");
        }

        Assert.NotNull(covered.AlternativeSignature);
        Assert.True(skipped < tbs.Length / 3, "no change parsed");
    }

    [Theory]
    [InlineData(Oids.AltSignatureAlgorithm)]
    [InlineData(Oids.AltSignatureValue)]
    public void Verify_HalfOfIt_IsNotValid(string missing)
    {
        var extensions = CatalystPki.Agent.Extensions.Without(missing);
        var half = TestPki.Issue(TestPki.AgentTbs() with { Extensions = extensions }, TestPki.IssuingKey);

        Assert.False(half.AlternativeSignature!.IsComplete);
        Assert.False(half.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
    }

    [Fact]
    public void Parse_AlternativeOfUnknownAlgorithm_IsReadAllTheSame()
    {
        byte[] unknown = [0x30, 0x05, 0x06, 0x03, 0x2A, 0x03, 0x04];
        byte[] key = [0x30, 0x0B, .. unknown, 0x03, 0x02, 0x00, 0x01];
        var certificate = TestPki.Issue(
            TestPki.AgentTbs() with
            {
                Extensions =
                [
                    .. TestPki.AgentTbs().Extensions, new X509Extension(Oids.SubjectAltPublicKeyInfo, false, key), new X509Extension(Oids.AltSignatureAlgorithm, false, unknown),
                    X509Extension.AltSignatureValue([1, 2, 3]),
                ],
            },
            TestPki.IssuingKey);

        Assert.Null(certificate.AlternativePublicKey);
        Assert.NotNull(certificate.Fields.AlternativePublicKeyError);
        Assert.Null(certificate.AlternativeSignature!.Algorithm);
        Assert.False(certificate.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
    }

    private static X509Certificate Generate(bool critical, ISignatureFactory alternative)
    {
        var generator = new X509V3CertificateGenerator();
        generator.SetSerialNumber(new BigInteger(1, TestPki.Serial(77)));
        generator.SetIssuerDN(X509Name.GetInstance(TestPki.IssuingName.Der.ToArray()));
        generator.SetSubjectDN(new X509Name("CN=agent-7"));
        generator.SetNotBefore(TestPki.Now.UtcDateTime);
        generator.SetNotAfter(TestPki.Now.AddDays(1).UtcDateTime);
        generator.SetPublicKey(Bouncy.Public(TestPki.AgentKey.PublicKey));
        generator.AddExtension(X509Extensions.SubjectAltPublicKeyInfo, critical, SubjectAltPublicKeyInfo.GetInstance(CatalystPki.AgentAlternative.PublicKey.SubjectPublicKeyInfo.ToArray()));
        return generator.Generate(Bouncy.Signer(TestPki.IssuingKey), critical, alternative);
    }
}
