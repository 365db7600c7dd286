using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.BadInput;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>Keys that the appliance generates (RFC 7030 §4.4): under TLS alone by curl, and in a CMS envelope that openssl opens.</summary>
public sealed class ServerKeyGenerationTests(SharedAppliance shared) : IDisposable
{
    private const string AsymmetricDecryptKeyIdentifier = "1.2.840.113549.1.9.16.2.54";
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA-3072")]
    [InlineData("Ed25519")]
    public async Task ServerKeyGeneration_UnderTls_GivesKeyAndCertificate(string algorithm)
    {
        var appliance = await shared.GetAsync();
        var request = await OpenSsl.NewRequestAsync(folder, algorithm, Csr.NewName("keygen"));
        var answer = (await Curl.To(appliance, folder).WithCredential(appliance.Credential).PostAsync("serverkeygen", request.Base64)).MustBe(200);

        Assert.Null(answer.Header("Content-Transfer-Encoding")); // RFC 8951 §3.2.4: not on the outer multipart
        var parts = Multipart.Read(answer.MediaType, answer.Body);
        Assert.Equal(["application/pkcs8", "application/pkcs7-mime; smime-type=certs-only"], parts.Select(part => part.MediaType));
        await File.WriteAllBytesAsync(folder.File("made.der"), parts[0].Decode());
        (await OpenSsl.RunAsync(folder, "pkey", "-inform", "DER", "-in", folder.File("made.der"), "-out", folder.File("made.key"))).MustSucceed();
        var (certificate, count) = await SaveCertificateAsync(parts[1]);
        Assert.Equal(1, count);
        await OpenSsl.JudgeAsync(folder, appliance, certificate, folder.File("made.key"), request.Name);

        var own = await OpenSsl.RunAsync(folder, "pkey", "-in", request.Key, "-pubout");
        Assert.NotEqual(own.Text, await OpenSsl.FieldAsync(folder, certificate, "-pubkey"));
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("RSA-3072")]
    public async Task ServerKeyGeneration_ForTheRequestsOwnKey_IsOpenedByItAlone(string recipient)
    {
        var appliance = await shared.GetAsync();
        var (request, key, name) = (folder.File("wrapped.b64"), folder.File("recipient.key"), Csr.NewName("wrapped"));
        var (der, pkcs8) = recipient == "P-256" ? SelfNaming(Csr.NewP256(), name) : SelfNaming(RSA.Create(3072), name);
        await File.WriteAllBytesAsync(request, Requests.Base64(der));
        await File.WriteAllTextAsync(key, pkcs8);

        var answer = (await Curl.To(appliance, folder).WithCredential(appliance.Credential).PostAsync("serverkeygen", request)).MustBe(200);

        var parts = Multipart.Read(answer.MediaType, answer.Body);
        Assert.Equal("application/pkcs7-mime; smime-type=server-generated-key", parts[0].MediaType);
        var opened = await OpenEnvelopeAsync(parts[0].Decode(), key);
        var (certificate, _) = await SaveCertificateAsync(parts[1]);
        await OpenSsl.JudgeAsync(folder, appliance, certificate, opened, name);
    }

    [Fact]
    public async Task ServerKeyGeneration_ForACertificateThatMustNotAgreeOnKeys_IsRefused()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "signer");
        var identifier = agent.Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();
        var der = Csr.Create(Csr.NewP256(), $"CN={agent.Name}", names => names.AddDnsName(agent.Name), NameKey(identifier));
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("serverkeygen", der), agent.Certificate);
        Assert.Equal(400, answer?.Status);
        Assert.Contains("keyUsage", answer?.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerKeyGeneration_ForAnUnknownKey_IsRefused()
    {
        var appliance = await shared.GetAsync();
        var name = Csr.NewName("unknown");
        var der = Csr.Create(Csr.NewP256(), $"CN={name}", names => names.AddDnsName(name), NameKey(new byte[20]));
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("serverkeygen", der, Requests.Basic(appliance.Credential)));
        Assert.Equal(400, answer?.Status);
    }

    public void Dispose() => folder.Dispose();

    // Names the request's own key by RFC 5280 §4.2.1.2's identifier: SHA-1 of the key's bits.
    private static (byte[] Request, string Key) SelfNaming(ECDsa key, string name) =>
        (Csr.Create(key, $"CN={name}", names => names.AddDnsName(name), NameKey(SHA1.HashData(new PublicKey(key).EncodedKeyValue.RawData))), key.ExportPkcs8PrivateKeyPem());

    private static (byte[] Request, string Key) SelfNaming(RSA key, string name) =>
        (Csr.Create(key, $"CN={name}", names => names.AddDnsName(name), NameKey(SHA1.HashData(key.ExportRSAPublicKey()))), key.ExportPkcs8PrivateKeyPem());

    // RFC 7030 §4.4.1.2
    private static Action<CertificateRequest> NameKey(byte[] identifier)
    {
        var value = new AsnWriter(AsnEncodingRules.DER);
        value.WriteOctetString(identifier);
        return request => request.OtherRequestAttributes.Add(new AsnEncodedData(new Oid(AsymmetricDecryptKeyIdentifier), value.Encode()));
    }

    // EnvelopedData { SignedData { AsymmetricKeyPackage { OneAsymmetricKey } } } (RFC 7030 §4.4.2, RFC 5958)
    private async Task<string> OpenEnvelopeAsync(byte[] envelope, string recipientKey)
    {
        var (sealedFile, signed, package, key) = (folder.File("sealed.der"), folder.File("signed.der"), folder.File("package.der"), folder.File("opened.key"));
        await File.WriteAllBytesAsync(sealedFile, envelope);
        (await OpenSsl.RunAsync(folder, "cms", "-decrypt", "-inform", "DER", "-in", sealedFile, "-inkey", recipientKey, "-binary", "-out", signed)).MustSucceed();
        // RFC 5652 §6.1: what is enveloped is the bare SignedData; openssl verifies a ContentInfo.
        await File.WriteAllBytesAsync(signed, Der.Sequence(Der.Oid("1.2.840.113549.1.7.2"), Der.Context(0, await File.ReadAllBytesAsync(signed))));
        var stranger = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("stranger"));
        (await OpenSsl.RunAsync(folder, "cms", "-decrypt", "-inform", "DER", "-in", sealedFile, "-inkey", stranger.Key, "-binary", "-out", folder.File("nothing"))).MustFail();
        var appliance = await shared.GetAsync();
        (await OpenSsl.RunAsync(folder, "cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", appliance.AnchorsFile, "-certfile", appliance.ChainFile, "-purpose", "any", "-binary", "-out", package)).MustSucceed();
        var oneKey = new AsnReader(await File.ReadAllBytesAsync(package), AsnEncodingRules.DER).ReadSequence().ReadEncodedValue();
        await File.WriteAllBytesAsync(key + ".der", oneKey.ToArray());
        (await OpenSsl.RunAsync(folder, "pkey", "-inform", "DER", "-in", key + ".der", "-out", key)).MustSucceed();
        return key;
    }

    private Task<(string Pem, int Count)> SaveCertificateAsync(MimePart part) =>
        OpenSsl.UnpackAsync(folder, System.Text.Encoding.ASCII.GetBytes(part.Body), folder.File("made.pem"));
}
