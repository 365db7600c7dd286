using AgentPki.Cryptography;
using AgentPki.X509.Cms;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities.Collections;
using Org.BouncyCastle.X509;
using Xunit;
using Attribute = Org.BouncyCastle.Asn1.Cms.Attribute;
using AttributeTable = Org.BouncyCastle.Asn1.Cms.AttributeTable;

namespace AgentPki.X509.Tests.Cms;

/// <summary>RFC 6211: what the signed attribute says of the algorithms, and what it is held to.</summary>
public sealed class AlgorithmProtectionTests
{
    private static readonly DerObjectIdentifier Oid = new(Oids.CmsAlgorithmProtection);

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("rsa-2048")]
    [InlineData("ml-dsa-65")]
    [InlineData("slh-dsa-shake-128f")]
    public async Task CreateAsync_OfAnyAlgorithm_NamesBoth(string name)
    {
        var (key, certificate) = SignedDataTests.Signer(name);
        var message = await SignedData.CreateAsync(Oids.CmsData, new byte[] { 1 }, key, certificate, new SignedDataOptions(), TestContext.Current.CancellationToken);

        var signer = Assert.Single(new CmsSignedData(message).GetSignerInfos().GetSigners());
        var value = Assert.Single(signer.SignedAttributes[Oid].AttrValues);
        Assert.Equal(Value(signer.DigestAlgorithmID, signer.SignatureAlgorithm).GetDerEncoded(), value.GetEncoded());
        Assert.Equal([certificate], SignedData.Parse(message).Verify(TestPki.Providers)!);
    }

    [Theory]
    [InlineData("as it is", true)]
    [InlineData("NULL", true)]
    [InlineData("another digest", false)]
    [InlineData("another signature", false)]
    [InlineData("no signature", false)]
    [InlineData("a MAC too", false)]
    [InlineData("two values", false)]
    [InlineData("no value", false)]
    [InlineData("no structure", false)]
    public void Verify_MessageOfBouncyCastle_HoldsTheAttributeToTheSigner(string what, bool verifies)
    {
        var (digest, signature) = (new AlgorithmIdentifier(new DerObjectIdentifier(Oids.Sha256)), Algorithm(SignatureAlgorithm.EcdsaSha256));
        Asn1Set values = what switch
        {
            "NULL" => new DerSet(Value(new AlgorithmIdentifier(new DerObjectIdentifier(Oids.Sha256), DerNull.Instance), signature)),
            "another digest" => new DerSet(Value(new AlgorithmIdentifier(new DerObjectIdentifier(Oids.Sha384)), signature)),
            "another signature" => new DerSet(Value(digest, Algorithm(SignatureAlgorithm.EcdsaSha384))),
            "no signature" => new DerSet(new DerSequence(digest)),
            "a MAC too" => new DerSet(new DerSequence(digest, new DerTaggedObject(false, 1, signature), new DerTaggedObject(false, 2, signature))),
            "two values" => new DerSet(Value(digest, signature), Value(digest, Algorithm(SignatureAlgorithm.EcdsaSha384))),
            "no value" => DerSet.Empty,
            "no structure" => new DerSet(new DerOctetString([1])),
            _ => new DerSet(Value(digest, signature)),
        };
        Assert.Equal(verifies, SignedData.Parse(Message(values)).Verify(TestPki.Providers) is not null);
    }

    private static byte[] Message(Asn1Set values)
    {
        var (key, certificate) = SignedDataTests.Signer("ecdsa-p256");
        var foreign = new X509CertificateParser().ReadCertificate(certificate.Der.ToArray());
        var attributes = new DefaultSignedAttributeTableGenerator(new AttributeTable(new Asn1EncodableVector(new Attribute(Oid, values))));
        var generator = new CmsSignedDataGenerator();
        generator.AddSignerInfoGenerator(new SignerInfoGeneratorBuilder().WithSignedAttributeGenerator(attributes)
            .Build(new Asn1SignatureFactory("SHA256WITHECDSA", PrivateKeyFactory.CreateKey(((SoftwareSigningKey)key).ExportPkcs8())), foreign));
        generator.AddCertificates(CollectionUtilities.CreateStore([foreign]));
        return generator.Generate(new CmsProcessableByteArray([1]), true).GetEncoded();
    }

    // CMSAlgorithmProtection ::= SEQUENCE { digestAlgorithm, signatureAlgorithm [1] IMPLICIT, macAlgorithm [2] IMPLICIT }
    private static DerSequence Value(AlgorithmIdentifier digest, AlgorithmIdentifier signature) => new(digest, new DerTaggedObject(false, 1, signature));

    private static AlgorithmIdentifier Algorithm(SignatureAlgorithm algorithm) => AlgorithmIdentifier.GetInstance(Asn1Object.FromByteArray(algorithm.AlgorithmIdentifier.ToArray()));
}
