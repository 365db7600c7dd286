using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.X509.Tests.Requests;

/// <summary>RFC 9908: what a client reads out of CsrAttrs is what the server put in, for every kind of key.</summary>
public sealed class RequestedKeyTests
{
    public static TheoryData<string> Kinds => [.. KeyAlgorithm.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void RequestedKey_OfTemplateAndOfList_IsTheOneThatWasPutIn(string name)
    {
        var key = KeyAlgorithm.Find(name)!;
        var template = CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate { Key = key, Subject = [(Oids.CommonName, null)], Extensions = [new ExtensionTemplate(Oids.SubjectAlternativeName)] });
        var list = CsrAttributes.For(key, key.CanSign ? key.DefaultSignature : null, []);

        Assert.Equal(new RequestedKey.Of(key), CsrAttributes.Parse(template.Encode()).RequestedKey());
        Assert.Equal(new RequestedKey.Of(key), CsrAttributes.Parse(list.Encode()).RequestedKey());
        Assert.All(list.Attributes, a => Assert.NotEmpty(a.Values));
    }

    [Fact]
    public void RequestedKey_TemplateAndListDiffer_TheTemplateWins()
    {
        var list = CsrAttributes.For(KeyAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaSha256, []);
        var template = CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate { Key = KeyAlgorithm.MlDsa65 });

        Assert.Equal(new RequestedKey.Of(KeyAlgorithm.MlDsa65), (list with { Attributes = [.. list.Attributes, .. template.Attributes] }).RequestedKey());
    }

    [Fact]
    public void RequestedKey_NothingSaidOfKeys_IsAny()
    {
        Assert.IsType<RequestedKey.Any>(new CsrAttributes().RequestedKey());
        Assert.IsType<RequestedKey.Any>(CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate()).RequestedKey());
        Assert.IsType<RequestedKey.Any>(new CsrAttributes { ObjectIdentifiers = [Oids.ChallengePassword, SignatureAlgorithm.EcdsaSha256.Oid] }.RequestedKey());
    }

    [Fact]
    public void RequestedKey_KindThatThisBuildLacks_IsUnknownAndNamed()
    {
        using var curve = new DerWriter();
        curve.WriteOid("1.3.132.0.35");
        Assert.Equal(new RequestedKey.Unknown("1.3.132.0.35"), new CsrAttributes { Attributes = [new RequestAttribute(Oids.EcPublicKey, [curve.ToArray()])] }.RequestedKey());

        using var template = new DerWriter();
        using (template.Sequence())
        {
            template.WriteInteger(0);
            using (template.Constructed(DerTag.ContextConstructed(0)))
            {
                using var identifier = template.Sequence();
                template.WriteOid("1.3.9999.6.4.1");
            }

            template.Write(DerTag.ContextConstructed(1), []);
        }

        Assert.Equal(new RequestedKey.Unknown("1.3.9999.6.4.1"), new CsrAttributes { Attributes = [new RequestAttribute(Oids.CertificationRequestInfoTemplate, [template.ToArray()])] }.RequestedKey());
    }

    [Fact]
    public void RequestedKey_MalformedTemplate_Throws() => Assert.Throws<MalformedDataException>(
        () => new CsrAttributes { Attributes = [new RequestAttribute(Oids.CertificationRequestInfoTemplate, [new byte[] { 0x30, 0x00 }])] }.RequestedKey());
}
