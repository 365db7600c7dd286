using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.X509;
using AgentPki.X509.Cms;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>ECDH in a token: an officer's card. The judges are .NET's ECDiffieHellman and OpenSSL's cms.</summary>
[Collection("NSS")]
public sealed class AgreementTests(SoftHsmFixture softHsm, NssFixture nss)
{
    private static int _labels;

    public static TheoryData<string, string> Cards => new() { { "softhsm", "ecdsa-p256" }, { "softhsm", "ecdsa-p384" }, { "nss", "ecdsa-p256" }, { "nss", "ecdsa-p384" } };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cards))]
    public async Task AgreeAsync_WithPeers_BothSidesHaveOneSecret(string token, string algorithm)
    {
        await using var provider = await OpenAsync(token);
        await using var card = await provider.GenerateAgreementKeyAsync(Spec(algorithm), Cancel);
        Assert.True(provider.CanAgree(card.Algorithm));
        for (var i = 0; i < 3; i++)
        {
            await AgreeAsync(card);
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    [Trait("tier", "full")]
    public async Task AgreeAsync_SecretWithLeadingZero_KeepsIt(string token, string algorithm)
    {
        await using var provider = await OpenAsync(token);
        await using var card = await provider.GenerateAgreementKeyAsync(Spec(algorithm), Cancel);
        var tries = 0;
        // One in 256 begins with a zero octet.
        while ((await AgreeAsync(card))[0] != 0)
        {
            Assert.True(++tries < 8000);
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public async Task DecryptAsync_EnvelopeToTheCard_OpensWithItAndWithNoOther(string token, string algorithm)
    {
        await using var provider = await OpenAsync(token);
        var spec = Spec(algorithm);
        await using (await provider.GenerateAgreementKeyAsync(spec, Cancel))
        {
        }

        await using var card = await provider.OpenAgreementKeyAsync(spec.Label, Cancel) ?? throw new InvalidOperationException("gone");
        var recipient = Recipient.ForKey(card.PublicKey, card.PublicKey.KeyIdentifier());
        await using var file = Software(algorithm);
        var both = await EnvelopedData.EncryptAsync("1.2.840.113549.1.7.1", "a share"u8.ToArray(), ContentEncryption.Aes256Gcm, [Recipient.ForKey(file.PublicKey, file.PublicKey.KeyIdentifier()), recipient], Providers, Cancel);
        foreach (var key in (IAgreementKey[])[card, file])
        {
            Assert.Equal("a share"u8.ToArray(), (await EnvelopedData.DecryptAsync(both, key, Cancel))!.Value.Content);
        }

        await using var stranger = Software(algorithm);
        Assert.Null(await EnvelopedData.DecryptAsync(both, stranger, Cancel));
        await using var otherCurve = Software(algorithm == "ecdsa-p256" ? "ecdsa-p384" : "ecdsa-p256");
        Assert.Null(await EnvelopedData.DecryptAsync(both, otherCurve, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(async () => await card.AgreeAsync(otherCurve.PublicKey, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(async () => await file.AgreeAsync(otherCurve.PublicKey, Cancel));
    }

    [Theory]
    [InlineData("softhsm", "ecdsa-p256", "-aes256", "sha256")]
    [InlineData("softhsm", "ecdsa-p384", "-aes-256-gcm", "sha384")]
    [InlineData("nss", "ecdsa-p256", "-aes-256-gcm", "sha256")]
    public async Task DecryptAsync_MessageOfOpenSsl_OpensInTheCard(string token, string algorithm, string cipher, string digest)
    {
        await using var provider = await OpenAsync(token);
        await using var card = await provider.GenerateAgreementKeyAsync(Spec(algorithm), Cancel);
        var folder = Directory.CreateTempSubdirectory("agentpki-card-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "card.pem"), CertificateOf(card.PublicKey), Cancel);
            await File.WriteAllTextAsync(Path.Combine(folder, "content"), "sealed by openssl", Cancel);
            var start = new ProcessStartInfo(
                "openssl",
                ["cms", "-encrypt", "-binary", "-in", "content", cipher, "-outform", "DER", "-out", "message", "-recip", "card.pem", "-keyopt", "ecdh_kdf_md:" + digest]) { WorkingDirectory = folder };
            using var openssl = Process.Start(start) ?? throw new InvalidOperationException("openssl is missing");
            await openssl.WaitForExitAsync(Cancel);
            Assert.Equal(0, openssl.ExitCode);
            var message = await File.ReadAllBytesAsync(Path.Combine(folder, "message"), Cancel);
            Assert.Equal("sealed by openssl"u8.ToArray(), (await EnvelopedData.DecryptAsync(message, card, Cancel))!.Value.Content);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task GenerateAgreementKeyAsync_MadeInTheToken_DerivesAndNothingElseAndLeavesNoSecret()
    {
        foreach (var (name, options) in (IEnumerable<(string, Pkcs11Options)>)[("softhsm", SoftHsmOptions), ("nss", nss.Options)])
        {
            await using var provider = await OpenAsync(name);
            var spec = Spec("ecdsa-p256");
            await using var card = await provider.GenerateAgreementKeyAsync(spec, Cancel);
            var attributes = TokenAdministration.DescribeKey(options, spec.Label)!.Private.ToDictionary(a => a.Name, a => a.Value);
            Assert.Equal(("true", "false", "false"), (attributes["CKA_DERIVE"], attributes["CKA_SIGN"], attributes["CKA_EXTRACTABLE"]));
            Assert.True(TokenAdministration.ListKeys(options).Single(k => k.Label == spec.Label) is { NeverLeft: true, Purpose: "key-establishment" });
            Assert.Null(await provider.OpenAsync(spec.Label, Cancel));
            await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(Spec("ecdsa-p256"), Cancel));
            await Assert.ThrowsAsync<ArgumentException>(async () => await provider.GenerateAgreementKeyAsync(spec with { Purpose = KeyPurpose.OfficerStatement }, Cancel));
            await using var signs = await provider.GenerateAsync(Spec("ecdsa-p256") with { Purpose = KeyPurpose.OfficerStatement }, Cancel);
            Assert.Null(await provider.OpenAgreementKeyAsync(signs.Reference.Label, Cancel));

            await using var peer = Software("ecdsa-p256");
            var secret = await card.AgreeAsync(peer.PublicKey, Cancel);
            var left = TokenPeek.At(options, s => s.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_SECRET_KEY).With(CKA.CKA_TOKEN, false)).Select(o => s.Read(o, CKA.CKA_VALUE)).ToList());
            Assert.DoesNotContain(left, value => value is not null && value.AsSpan().SequenceEqual(secret));
        }
    }

    [Fact]
    public async Task GenerateAgreementKeyAsync_TokenWithoutAgreement_SaysSo()
    {
        await using var provider = await SoftHsmFixture.OpenAsync(SoftHsmOptions with { Token = Configuration.TokenDescriptionReader.Parse("name: plain", "plain") });
        Assert.False(provider.CanAgree(KeyAlgorithm.EcdsaP256));
        var error = await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAgreementKeyAsync(Spec("ecdsa-p256"), Cancel));
        Assert.Contains("agreement: in token.yaml", error.Message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> AgreeAsync(IAgreementKey card)
    {
        await using var peer = Software(card.Algorithm.Name);
        var secret = await card.AgreeAsync(peer.PublicKey, Cancel);
        Assert.Equal(card.Algorithm.SizeBits / 8, secret.Length);
        Assert.Equal(await peer.AgreeAsync(card.PublicKey, Cancel), secret);
        return secret;
    }

    private static CryptoProviders Providers { get; } = new(new Cryptography.Providers.Platform.PlatformProvider());

    private Pkcs11Options SoftHsmOptions => softHsm.Token("cards");

    private ValueTask<Pkcs11Provider> OpenAsync(string token) => token == "nss" ? nss.OpenAsync() : SoftHsmFixture.OpenAsync(SoftHsmOptions);

    private static KeySpec Spec(string algorithm) => new($"card-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}", KeyAlgorithm.Find(algorithm)!, KeyPurpose.KeyEstablishment);

    private static SoftwareAgreementKey Software(string algorithm) =>
        new(new("file", "peer"), KeyPurpose.KeyEstablishment, ECDiffieHellman.Create(algorithm == "ecdsa-p256" ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384));

    /// <summary>OpenSSL takes recipients by certificate only: one that nobody need trust.</summary>
    private static string CertificateOf(Cryptography.PublicKey key)
    {
        using var issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var holder = System.Security.Cryptography.X509Certificates.PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var request = new CertificateRequest(new X500DistinguishedName("CN=card"), holder, HashAlgorithmName.SHA256);
        using var certificate = request.Create(new X500DistinguishedName("CN=nobody"), X509SignatureGenerator.CreateForECDsa(issuer), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100), [1]);
        return certificate.ExportCertificatePem();
    }
}
