using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Administration;

/// <summary>What a ceremony writes down of a token and its keys, and a key's end.</summary>
[Collection("NSS")]
public sealed class RecordTests(SoftHsmFixture softHsm, NssFixture nss)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Describe_SoftHsmAndNss_SayEverythingOfThemselves()
    {
        var record = TokenAdministration.Describe(softHsm.Token("described"));
        Assert.Equal(("described", "SoftHSM project", "SoftHSM v2", "2.40"), (record.Label, record.Manufacturer, record.Model, record.CryptokiVersion));
        Assert.Equal(16, record.SerialNumber.Length);
        Assert.Equal("2.06", record.FirmwareVersion);
        Assert.Contains("SoftHSM", record.Library, StringComparison.Ordinal);
        Assert.Equal(["CKF_RNG", "CKF_LOGIN_REQUIRED", "CKF_USER_PIN_INITIALIZED", "CKF_RESTORE_KEY_NOT_NEEDED", "CKF_TOKEN_INITIALIZED"], record.Flags);
        Assert.Empty(record.Interfaces);
        Assert.Equal(record.Mechanisms.Order(StringComparer.Ordinal), record.Mechanisms);
        Assert.Contains("CKM_ECDSA", record.Mechanisms);

        var other = TokenAdministration.Describe(nss.Options);
        Assert.Equal(("NSS Certificate DB", true), (other.Label, other.Interfaces.Contains("PKCS 11 3.2")));
        Assert.Contains("CKM_ML_DSA", other.Mechanisms);
    }

    [Fact]
    public async Task DescribeKey_Generated_ShowsWhatItMayDoAndThatItCannotLeave()
    {
        var options = softHsm.Token("described-key");
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        await using var key = await provider.GenerateAsync(new("root", KeyAlgorithm.EcdsaP384, KeyPurpose.CertificateAuthority), Cancel);
        var record = TokenAdministration.DescribeKey(options, "root")!;
        Assert.Equal(("root", "certificate-authority", key.PublicKey), (record.Label, record.Purpose, record.PublicKey));
        AssertShows(
            record.Private,
            ("CKA_CLASS", "CKO_PRIVATE_KEY"),
            ("CKA_KEY_TYPE", "CKK_EC"),
            ("CKA_LABEL", "certificate-authority/root"),
            ("CKA_TOKEN", "true"),
            ("CKA_PRIVATE", "true"),
            ("CKA_SENSITIVE", "true"),
            ("CKA_EXTRACTABLE", "false"),
            ("CKA_ALWAYS_SENSITIVE", "true"),
            ("CKA_NEVER_EXTRACTABLE", "true"),
            ("CKA_LOCAL", "true"),
            ("CKA_KEY_GEN_MECHANISM", "CKM_EC_KEY_PAIR_GEN"),
            ("CKA_SIGN", "true"),
            ("CKA_DECRYPT", "false"),
            ("CKA_UNWRAP", "false"),
            ("CKA_DERIVE", "false"),
            ("CKA_EC_PARAMS", "06052b81040022"),
            ("CKA_MODULUS_BITS", AttributeRecord.Absent),
            ("CKA_PARAMETER_SET", AttributeRecord.Absent));
        AssertShows(record.Public, ("CKA_CLASS", "CKO_PUBLIC_KEY"), ("CKA_VERIFY", "true"), ("CKA_WRAP", "false"));
        Assert.Null(record.Attestation);
        Assert.Equal("not offered by this kind of token", record.AttestationFinding);
        Assert.Null(TokenAdministration.DescribeKey(options, "no-such-key"));
    }

    [Fact]
    public async Task DescribeKey_MlDsaAndSecretKeys_AreDescribedToo()
    {
        await using var provider = await nss.OpenAsync();
        await using var key = await provider.GenerateAsync(new("described-pq", KeyAlgorithm.MlDsa44, KeyPurpose.CertificateAuthority), Cancel);
        AssertShows(TokenAdministration.DescribeKey(nss.Options, "described-pq")!.Private, ("CKA_KEY_TYPE", "CKK_ML_DSA"), ("CKA_PARAMETER_SET", "1"), ("CKA_EXTRACTABLE", "false"));
        await provider.OpenWrapperAsync("described-wrap", Cancel);
        var wrap = TokenAdministration.DescribeKey(nss.Options, "described-wrap")!;
        Assert.Equal(("key-wrapping", null), (wrap.Purpose, wrap.PublicKey));
        AssertShows(wrap.Private, ("CKA_CLASS", "CKO_SECRET_KEY"), ("CKA_KEY_TYPE", "CKK_AES"), ("CKA_WRAP", "false"));
    }

    [Theory]
    [InlineData("attestation: { attribute: CKA_LABEL }", "attribute CKA_LABEL, 12 octets")]
    [InlineData("attestation: { attribute: 0x80000001 }", "not given: the key has no attribute 0x80000001")]
    [InlineData("attestation: { certificate: \"of {label}\" }", "not given: the token has 0 certificates labelled 'of probe/stated'")]
    [InlineData("attestation: { certificate: shown }", "certificate 'shown', 2 octets")]
    public async Task DescribeKey_TokenYamlNamesWhereTheStatementLies_ItIsReadThere(string yaml, string finding)
    {
        var options = softHsm.Token("attested");
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        await using var key = await provider.OpenAsync("stated", Cancel) ?? await provider.GenerateAsync(new("stated", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), Cancel);
        TokenPeek.At(options, s => s.Find(ShownCertificate).Count > 0 ? 0 : s.Create(ShownCertificate.With(CKA.CKA_CERTIFICATE_TYPE, (ulong)CKC.CKC_X_509).With(CKA.CKA_SUBJECT, [0x30, 0]).With(CKA.CKA_VALUE, [0x30, 0])));
        var token = TokenDescriptionReader.Parse($"name: stating\n{yaml}", "stating");
        var record = TokenAdministration.DescribeKey(options with { Token = token }, "stated")!;
        Assert.Equal(finding, record.AttestationFinding);
        Assert.Equal(finding.StartsWith("not given", StringComparison.Ordinal), record.Attestation is null);
    }

    [Fact]
    public async Task DestroyKey_RightDigest_IsGoneAndAWrongOneChangesNothing()
    {
        foreach (var options in (Pkcs11Options[])[softHsm.Token("destroying"), nss.Options])
        {
            await using var provider = await SoftHsmFixture.OpenAsync(options);
            await using var key = await provider.GenerateAsync(new("doomed", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel);
            await using var other = await provider.GenerateAsync(new("spared", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel);
            var digest = Convert.ToHexStringLower(SHA256.HashData(key.PublicKey.SubjectPublicKeyInfo.Span));
            var refused = Assert.Throws<InvalidOperationException>(() => TokenAdministration.DestroyKey(options, "spared", digest));
            Assert.Contains("nothing was destroyed", refused.Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(() => TokenAdministration.DestroyKey(options, "doomed", ""));
            TokenAdministration.DestroyKey(options, "doomed", digest);
            Assert.Null(TokenAdministration.DescribeKey(options, "doomed"));
            Assert.Null(await provider.OpenAsync("doomed", Cancel));
            Assert.NotNull(TokenAdministration.DescribeKey(options, "spared"));
            Assert.Contains("no private key 'doomed'", Assert.Throws<InvalidOperationException>(() => TokenAdministration.DestroyKey(options, "doomed", digest)).Message, StringComparison.Ordinal);
            TokenAdministration.DestroyKey(options, "spared", Convert.ToHexString(SHA256.HashData(other.PublicKey.SubjectPublicKeyInfo.Span)));
        }
    }

    private static AttributeTemplate ShownCertificate { get; } = AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_CERTIFICATE).With(CKA.CKA_TOKEN, true).With(CKA.CKA_LABEL, "shown");

    private static void AssertShows(IReadOnlyList<AttributeRecord> records, params (string Name, string Value)[] wanted) =>
        Assert.All(wanted, w => Assert.Equal(w.Value, Assert.Single(records, r => r.Name == w.Name).Value));
}
