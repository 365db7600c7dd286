using AgentPki.Cryptography;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Xunit;
using GeneralName = AgentPki.X509.Names.GeneralName;

namespace AgentPki.X509.Tests.Requests;

/// <summary>
/// Requests about two keys. BouncyCastle for C# has no verb for them; its ASN.1 and its signers do here by hand what its Java sister does
/// (PKCS10CertificationRequestBuilder.build with an alternative signer, isAltSignatureValid).
/// </summary>
public sealed class AlternativeRequestTests
{
    private static readonly DerObjectIdentifier KeyType = new(Oids.SubjectAltPublicKeyInfo);
    private static readonly DerObjectIdentifier AlgorithmType = new(Oids.AltSignatureAlgorithm);
    private static readonly DerObjectIdentifier ValueType = new(Oids.AltSignatureValue);

    [Fact]
    public async Task Create_TwoKeys_BouncyCastleVerifiesBoth()
    {
        var own = Pkcs10Request.Parse(await CreateAsync());
        Assert.True(own.VerifySignature(TestPki.Providers));
        Assert.True(own.VerifyAlternativeSignature(TestPki.Providers));

        var bouncy = new Pkcs10CertificationRequest(own.Der.ToArray());
        Assert.True(bouncy.Verify());
        var info = bouncy.GetCertificationRequestInfo();
        var attributes = info.Attributes.Select(AttributePkcs.GetInstance).ToList();
        var rest = new DerSet(attributes.Where(a => !a.AttrType.Equals(ValueType)).ToArray<Asn1Encodable>());
        var verifier = SignerUtilities.GetSigner("Ed25519");
        verifier.Init(false, Bouncy.Public(own.AlternativePublicKey!));
        verifier.BlockUpdate(new CertificationRequestInfo(info.Subject, info.SubjectPublicKeyInfo, rest).GetDerEncoded());
        Assert.True(verifier.VerifySignature(DerBitString.GetInstance(attributes.Single(a => a.AttrType.Equals(ValueType)).AttrValues[0]).GetOctets()));
    }

    [Fact]
    public void Verify_RequestOfBouncyCastle_IsValid()
    {
        var own = Pkcs10Request.Parse(Foreign(TestPki.AgentKey, CatalystPki.AgentAlternative));

        Assert.True(own.VerifySignature(TestPki.Providers));
        Assert.True(own.VerifyAlternativeSignature(TestPki.Providers));
        Assert.Equal(CatalystPki.AgentAlternative.PublicKey, own.AlternativePublicKey);
    }

    [Fact]
    public void Verify_AlternativeKeyOfSomebodyElse_IsNotValid()
    {
        // Signed by another key than the one it names: no proof of possession.
        var own = Pkcs10Request.Parse(Foreign(TestPki.AgentKey, CatalystPki.AgentAlternative, signer: CatalystPki.RootAlternative));

        Assert.True(own.VerifySignature(TestPki.Providers));
        Assert.False(own.VerifyAlternativeSignature(TestPki.Providers));
    }

    [Fact]
    public async Task Verify_AlternativePartOfAnotherRequest_IsNotValid()
    {
        // The three attributes of one request in another over another first key: the alternative signature covers that key.
        var theirs = Pkcs10Request.Parse(await CreateAsync());
        var stolen = await Pkcs10Request.CreateAsync(
            X500Name.FromRfc4514("CN=thief"), [], TestPki.IssuingKey, new Pkcs10Options { Attributes = [.. theirs.Attributes.Where(a => a.Oid.StartsWith("2.5.29.7", StringComparison.Ordinal))] }, CancellationToken.None);
        var own = Pkcs10Request.Parse(stolen);

        Assert.True(own.VerifySignature(TestPki.Providers));
        Assert.NotNull(own.AlternativePublicKey);
        Assert.False(own.VerifyAlternativeSignature(TestPki.Providers));
    }

    [Theory]
    [InlineData(Oids.SubjectAltPublicKeyInfo)]
    [InlineData(Oids.AltSignatureAlgorithm)]
    [InlineData(Oids.AltSignatureValue)]
    public async Task Parse_OneOfThreeMissing_IsMalformed(string missing)
    {
        var whole = Pkcs10Request.Parse(await CreateAsync());
        var der = await WithAsync([.. whole.Attributes.Where(a => a.Oid != missing && a.Oid.StartsWith("2.5.29.7", StringComparison.Ordinal))]);

        Assert.False(Pkcs10Request.TryParse(der, out _, out var error));
        Assert.Equal(RequestErrorKind.Malformed, error.Kind);
        Assert.Contains("belong together", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parse_AlgorithmThatDoesNotFit_SaysWhich()
    {
        var whole = Pkcs10Request.Parse(await CreateAsync());
        foreach (var (value, kind, text) in new[]
        {
            (SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.ToArray(), RequestErrorKind.UnsupportedAlgorithm, "cannot make"),
            ([0x30, 0x05, 0x06, 0x03, 0x2A, 0x03, 0x04], RequestErrorKind.UnsupportedAlgorithm, "1.2.3.4"),
        })
        {
            var der = await WithAsync([.. whole.Attributes.Where(a => a.Oid is Oids.SubjectAltPublicKeyInfo or Oids.AltSignatureValue), new RequestAttribute(Oids.AltSignatureAlgorithm, [value])]);
            Assert.False(Pkcs10Request.TryParse(der, out _, out var error));
            Assert.Equal(kind, error.Kind);
            Assert.Contains(text, error.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Verify_OneKeyOnly_HasNoAlternative()
    {
        var own = Pkcs10Request.Parse(await WithAsync([]));

        Assert.Null(own.AlternativePublicKey);
        Assert.False(own.VerifyAlternativeSignature(TestPki.Providers));
    }

    [Theory]
    [InlineData("ml-dsa-65")]
    [InlineData("ecdsa-p384")]
    public void CsrAttributes_ForAPair_SayWhichSecondKey(string name)
    {
        var kind = KeyAlgorithm.Find(name)!;
        var encoded = (CsrAttributes.For(KeyAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaSha256, []) is var list ? list with { Attributes = [.. list.Attributes, .. AlternativeKeyAttributes.For(kind)] } : list).Encode();

        var parsed = CsrAttributes.Parse(encoded);

        Assert.Equal(kind, AlternativeKeyAttributes.Find(parsed.Attributes));
        Assert.Null(AlternativeKeyAttributes.Find([]));
        Assert.Equal(kind.DefaultSignature.AlgorithmIdentifier.ToArray(), parsed.Attributes.Single(a => a.Oid == Oids.AltSignatureAlgorithm).Values[0].ToArray());
        Assert.NotEmpty(new CertificationRequestInfoTemplate { Key = KeyAlgorithm.EcdsaP256, Attributes = AlternativeKeyAttributes.For(kind) }.Encode());
    }

    internal static async Task<byte[]> CreateAsync() => await Pkcs10Request.CreateAsync(
        X500Name.FromRfc4514("CN=agent-7"), [new GeneralName.Dns("a.example")], TestPki.AgentKey, new Pkcs10Options { AlternativeKey = CatalystPki.AgentAlternative, ChallengePassword = "x" }, CancellationToken.None);

    private static async Task<byte[]> WithAsync(RequestAttribute[] attributes) =>
        await Pkcs10Request.CreateAsync(X500Name.FromRfc4514("CN=agent-7"), [], TestPki.AgentKey, new Pkcs10Options { Attributes = attributes }, CancellationToken.None);

    private static byte[] Foreign(ISigningKey key, ISigningKey alternative, ISigningKey? signer = null)
    {
        var subject = new X509Name("CN=agent-7");
        var factory = Bouncy.Signer(signer ?? alternative);
        List<Asn1Encodable> attributes = [new AttributePkcs(KeyType, new DerSet(Bouncy.Info(alternative.PublicKey))), new AttributePkcs(AlgorithmType, new DerSet((AlgorithmIdentifier)factory.AlgorithmDetails))];
        var calculator = factory.CreateCalculator();
        calculator.Stream.Write(new CertificationRequestInfo(subject, Bouncy.Info(key.PublicKey), new DerSet(attributes.ToArray())).GetDerEncoded());
        attributes.Add(new AttributePkcs(ValueType, new DerSet(new DerBitString(calculator.GetResult().Collect()))));
        return new Pkcs10CertificationRequest(Bouncy.Signer(key), subject, Bouncy.Public(key.PublicKey), new DerSet(attributes.ToArray())).GetDerEncoded();
    }
}
