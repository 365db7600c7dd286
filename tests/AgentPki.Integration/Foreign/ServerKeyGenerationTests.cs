using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
    public async Task ServerKeyGeneration_ForAnAsymmetricKey_IsOpenedByItAlone(string recipient)
    {
        var appliance = await shared.GetAsync();
        var curl = Curl.To(appliance, folder);
        var identity = await OpenSsl.NewRequestAsync(folder, recipient, Csr.NewName("envelope"));
        await curl.WithCredential(appliance.Credential).EnrollAsync("simpleenroll", identity);
        var body = folder.File("wrapped.b64");
        await File.WriteAllBytesAsync(body, Requests.Base64(RequestFor(identity.Certificate, Csr.NewName("wrapped"))));

        var answer = (await curl.WithIdentity(identity.Certificate, identity.Key).PostAsync("serverkeygen", body)).MustBe(200);

        var parts = Multipart.Read(answer.MediaType, answer.Body);
        Assert.Equal("application/pkcs7-mime; smime-type=server-generated-key", parts[0].MediaType);
        var key = await OpenEnvelopeAsync(parts[0].Decode(), identity);
        var (certificate, _) = await SaveCertificateAsync(parts[1]);
        Assert.Equal(await OpenSsl.FieldAsync(folder, certificate, "-pubkey"), (await OpenSsl.RunAsync(folder, "pkey", "-in", key, "-pubout")).MustSucceed().Text);
    }

    [Fact]
    public async Task ServerKeyGeneration_ForAnUnknownKey_IsRefused()
    {
        var appliance = await shared.GetAsync();
        var der = RequestWith(new byte[20], Csr.NewName("unknown"));
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("serverkeygen", der, Requests.Basic(appliance.Credential)));
        Assert.Equal(400, answer?.Status);
    }

    public void Dispose() => folder.Dispose();

    // The key identifier is the subjectKeyIdentifier of the client's certificate (RFC 7030 §4.4.1.2).
    private static byte[] RequestFor(string certificateFile, string name)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(certificateFile));
        var identifier = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes;
        return RequestWith(identifier.ToArray(), name);
    }

    private static byte[] RequestWith(byte[] keyIdentifier, string name)
    {
        var value = new AsnWriter(AsnEncodingRules.DER);
        value.WriteOctetString(keyIdentifier);
        return Csr.Create(Csr.NewP256(), $"CN={name}", names => names.AddDnsName(name),
            request => request.OtherRequestAttributes.Add(new AsnEncodedData(new Oid(AsymmetricDecryptKeyIdentifier), value.Encode())));
    }

    // EnvelopedData { SignedData { AsymmetricKeyPackage { OneAsymmetricKey } } } (RFC 7030 §4.4.2, RFC 5958)
    private async Task<string> OpenEnvelopeAsync(byte[] envelope, OpenSslRequest identity)
    {
        var (sealedFile, signed, package, key) = (folder.File("sealed.der"), folder.File("signed.der"), folder.File("package.der"), folder.File("opened.key"));
        await File.WriteAllBytesAsync(sealedFile, envelope);
        (await OpenSsl.RunAsync(folder, "cms", "-decrypt", "-inform", "DER", "-in", sealedFile, "-recip", identity.Certificate, "-inkey", identity.Key, "-binary", "-out", signed)).MustSucceed();
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
