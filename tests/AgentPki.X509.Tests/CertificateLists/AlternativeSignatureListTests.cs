using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.X509;
using Xunit;
using CertificateList = AgentPki.X509.CertificateLists.CertificateList;

namespace AgentPki.X509.Tests.CertificateLists;

/// <summary>CRLs signed twice (X.509 (2019) §7.10.3), against BouncyCastle in both directions.</summary>
public sealed class AlternativeSignatureListTests
{
    [Fact]
    public void Sign_List_BouncyCastleVerifiesBothSignatures()
    {
        foreach (var entries in new RevokedCertificate[][] { [], CertificateListTests.Entries })
        {
            var own = CatalystPki.Sign(CertificateListTests.Tbs(), TestPki.IssuingKey, CatalystPki.IssuingAlternative, entries);
            var bouncy = new X509CrlParser().ReadCrl(own.Der.ToArray());

            bouncy.Verify(Bouncy.Public(TestPki.IssuingKey.PublicKey));
            Assert.True(bouncy.IsAlternativeSignatureValid(new Org.BouncyCastle.Crypto.Operators.Asn1VerifierFactoryProvider(Bouncy.Public(CatalystPki.IssuingAlternative.PublicKey))));
            Assert.True(own.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
            Assert.False(own.VerifyAlternativeSignature(CatalystPki.RootAlternative.PublicKey, TestPki.Providers));
            Assert.Equal(entries, own.Entries);
        }
    }

    [Fact]
    public void Verify_ListOfBouncyCastle_IsValid()
    {
        var generator = new X509V2CrlGenerator();
        generator.SetIssuerDN(X509Name.GetInstance(TestPki.IssuingName.Der.ToArray()));
        generator.SetThisUpdate(TestPki.Now.UtcDateTime);
        generator.SetNextUpdate(TestPki.Now.AddDays(1).UtcDateTime);
        generator.AddCrlEntry(new BigInteger(1, TestPki.Serial(5)), TestPki.Now.AddDays(-1).UtcDateTime, 1);

        var own = CertificateList.Parse(generator.Generate(Bouncy.Signer(TestPki.IssuingKey), false, Bouncy.Signer(CatalystPki.IssuingAlternative)).GetEncoded());

        Assert.True(own.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));
        Assert.True(own.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
    }

    [Fact]
    public void Verify_EntryRemovedAndSignedAnew_IsNotValid()
    {
        // What a forger wants who broke the primary algorithm: the list without the certificate he stole.
        var own = CatalystPki.Sign(CertificateListTests.Tbs(), TestPki.IssuingKey, CatalystPki.IssuingAlternative, CertificateListTests.Entries);
        var without = CatalystPki.ListDraft(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative, CertificateListTests.Entries.Take(2));
        var tbs = PreTbs.CompleteCertificateList(without, own.Fields.AlternativeSignature!.Value.Span);
        var forged = CertificateList.Parse(TestPki.IssueDer(tbs, CertificateListTests.Tbs().Signature, TestPki.IssuingKey));

        Assert.True(forged.VerifySignature(TestPki.IssuingKey.PublicKey, TestPki.Providers));
        Assert.False(forged.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
        Assert.False(CertificateList.Parse(CertificateListTests.Signed(CertificateListTests.Tbs(), [])).VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers));
    }
}
