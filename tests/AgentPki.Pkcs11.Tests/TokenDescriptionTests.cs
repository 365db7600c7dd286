using AgentPki.Cryptography;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

public sealed class TokenDescriptionTests
{
    [Fact]
    public void Shipped_EveryFolder_Parses()
    {
        Assert.Equal(["freehsm", "nss", "softhsm"], TokenDescription.ShippedNames);
        Assert.All(TokenDescription.ShippedNames, name => Assert.Equal(name, TokenDescription.Shipped(name).Name));
    }

    [Fact]
    public void Shipped_UnknownName_ListsThoseThereAre() =>
        Assert.Contains("freehsm, nss, softhsm", Assert.Throws<FormatException>(() => TokenDescription.Shipped("vault")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("name: ''", "name")]
    [InlineData("name: t\nnonsense: 1", "nonsense")]
    [InlineData("name: t\nsessions: { limit: -1 }", "sessions.limit")]
    [InlineData("name: t\nkeys: { dsa-1024: { generate: CKM_DSA, publicKey: value } }", "dsa-1024")]
    [InlineData("name: t\nkeys: { ecdsa-p256: { generate: CKM_NOT_THERE, publicKey: ec-point } }", "keys.ecdsa-p256.generate")]
    [InlineData("name: t\nkeys: { ecdsa-p256: { generate: CKM_EC_KEY_PAIR_GEN, publicKey: somewhere } }", "ec-point")]
    [InlineData("name: t\nkeys: { ecdsa-p256: { generate: CKM_EC_KEY_PAIR_GEN, publicKey: ec-point, public: { CKA_EC_PARAMS: \"hex:0\" } } }", "CKA_EC_PARAMS")]
    [InlineData("name: t\nsignatures: { ecdsa-sha256: { mechanism: CKM_ECDSA, input: hash } }", "digest-info")]
    [InlineData("name: t\nsignatures: { ed25519: { mechanism: CKM_EDDSA, input: digest } }", "no digest")]
    [InlineData("name: t\nsignatures: { rsa-pss-sha256: { mechanism: CKM_RSA_PKCS_PSS, input: digest } }", "pss")]
    [InlineData("name: t\nsignatures: { ecdsa-sha256: { mechanism: CKA_SIGN, input: digest } }", "CKA_SIGN")]
    public void Parse_Mistake_NamesFileAndField(string yaml, string named)
    {
        var message = Assert.Throws<FormatException>(() => TokenDescriptionReader.Parse(yaml, "my/token.yaml")).Message;
        Assert.StartsWith("my/token.yaml", message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    /// <summary>What the next algorithms need is data: a mechanism by name or number, and a parameter set in the template.</summary>
    [Fact]
    public void Parse_MechanismsAndAttributesOfVersion3_NeedNoNewCode()
    {
        const string yaml = """
            name: t
            keys:
              ed25519: { generate: CKM_ML_DSA_KEY_PAIR_GEN, public: { CKA_PARAMETER_SET: 2, 0x634: false }, publicKey: value }
            signatures:
              ed25519: { mechanism: 0x1d, input: message, maxInput: 4096 }
            """;
        var token = TokenDescriptionReader.Parse(yaml, "t");
        var key = token.Keys[KeyAlgorithm.Ed25519];
        Assert.Equal(0x1cul, key.Generate);
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0], key.Public.Value((CKA)0x61d));
        Assert.Equal([0], key.Public.Value((CKA)0x634));
        var use = token.Signatures[SignatureAlgorithm.Ed25519];
        Assert.Equal((0x1dul, "CKM_ML_DSA", 4096, SignInput.Message), (use.Mechanism, use.Name, use.MaxInput, use.Input));
    }

    [Fact]
    public void AttributeTemplate_LaterValueReplaces_AndTextShowsNamesOnly()
    {
        var template = AttributeTemplate.Empty.With(CKA.CKA_LABEL, "secret-looking").With(CKA.CKA_SIGN, true).With(CKA.CKA_LABEL, "other");
        Assert.Equal("CKA_SIGN, CKA_LABEL", template.ToString());
        using var native = template.ToNative();
        Assert.Equal(2ul, native.Count);
    }
}
