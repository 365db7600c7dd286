using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509;
using AgentPki.X509.Cms;
using AgentPki.X509.Der;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstServerKeygenTests
{
    [Fact]
    public async Task ServerKeygen_InTls_IsTheMultipartOctetByOctet()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Csr.Base64()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var type = answer.Content.Headers.ContentType!;
        Assert.Equal("multipart/mixed", type.MediaType);
        Assert.False(answer.Headers.Contains("Content-Transfer-Encoding")); // of the outer message there is none
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        var boundary = type.Parameters.Single(p => p.Name == "boundary").Value!;
        var body = Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var (key, certificate) = Split(body, boundary, "application/pkcs8");
        // Octet by octet what RFC 7030 §4.4.2 and RFC 2046 §5.1.1 say, around the two values.
        Assert.Equal(
            $"--{boundary}\r\nContent-Type: application/pkcs8\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(key)}\n\r\n"
            + $"--{boundary}\r\nContent-Type: application/pkcs7-mime; smime-type=certs-only\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(certificate)}\n\r\n"
            + $"--{boundary}--\r\n",
            body);
        using var made = ECDsa.Create();
        made.ImportPkcs8PrivateKey(key, out _);
        var issued = Assert.Single(CertsOnly.Parse(certificate));
        Assert.Equal(made.ExportSubjectPublicKeyInfo(), issued.PublicKey.SubjectPublicKeyInfo.ToArray());
    }

    [Theory]
    [InlineData("rsa", Oids.Aes256Cbc, Oids.RsaOaep)]
    [InlineData("rsa", Oids.Aes256Cbc, Oids.RsaEncryption)]
    [InlineData("rsa", Oids.Aes256Gcm, Oids.RsaOaep)]
    [InlineData("ec", Oids.Aes256Cbc, null)]
    [InlineData("ec", Oids.Aes256Gcm, null)]
    [InlineData("ec", null, null)]
    public async Task ServerKeygen_EncryptedToTheRequestsOwnKey_OpensWithIt(string kind, string? cipher, string? transport)
    {
        await using var whole = await WholeServer.StartAsync();
        var credential = await whole.Authority.CredentialAsync();
        using var rsa = RSA.Create(kind == "rsa" ? 3072 : 1024);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = kind == "rsa" ? Key(rsa.ExportSubjectPublicKeyInfo()) : Key(ec.ExportSubjectPublicKeyInfo());
        var der = kind == "rsa"
            ? Request(r => r.CreateSigningRequest(), new CertificateRequest("CN=agent-k", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), SHA1.HashData(key.KeyBits.Span), cipher, transport)
            : Request(r => r.CreateSigningRequest(), new CertificateRequest("CN=agent-k", ec, HashAlgorithmName.SHA256), key.KeyIdentifier(), cipher, transport);
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Convert.ToBase64String(der), $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);
        var body = Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);
        var (envelope, certificate) = Split(body, answer.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!, "application/pkcs7-mime; smime-type=server-generated-key");
        using var agreement = ECDiffieHellman.Create(ec.ExportParameters(true));
        var opened = EnvelopedData.Decrypt(envelope, kind == "rsa" ? rsa : agreement);
        Assert.Equal(Oids.CmsSignedData, opened?.ContentType);
        var signed = SignedData.ParseContent(opened!.Value.Content);
        Assert.Equal(Oids.AsymmetricKeyPackage, signed.ContentType);
        var signer = Assert.Single(signed.Verify(whole.Authority.Providers)!);
        Assert.True(signer.VerifySignature(whole.Authority.Services.Issuers.Find("issuing")!.Certificate.PublicKey, whole.Authority.Providers));
        using var made = kind == "rsa" ? (AsymmetricAlgorithm)RSA.Create() : ECDsa.Create();
        made.ImportPkcs8PrivateKey(Assert.Single(AsymmetricKeyPackage.Parse(signed.Content)).Span, out _);
        Assert.Equal(made.ExportSubjectPublicKeyInfo(), Assert.Single(CertsOnly.Parse(certificate)).PublicKey.SubjectPublicKeyInfo.ToArray());
    }

    [Theory]
    [InlineData("ml-kem-768", Oids.Aes256Cbc)]
    [InlineData("ml-kem-1024", Oids.Aes256Gcm)]
    [InlineData("ml-kem-512", null)]
    public async Task ServerKeygen_EncryptedToAnMlKemKey_OpensWithIt(string kind, string? cipher)
    {
        await using var whole = await WholeServer.StartAsync();
        var credential = await whole.Authority.CredentialAsync();
        var (signer, signerKey) = await whole.Authority.AgentAsync("k.agents.test", credential);
        await using var recipient = await TestAuthority.DecapsulationKeyAsync(KeyAlgorithm.Find(kind));
        // The recipient's possession is stated by the agent's signing certificate (RFC 9883); the key that is made is of the label's kind.
        var request = await TestAuthority.StatedRequestAsync(recipient.PublicKey, "k.agents.test", signer, signerKey, new Pkcs10Options { Attributes = [.. Delivery(recipient.PublicKey.KeyIdentifier(), cipher)] });
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("ml-dsa-65/serverkeygen", Convert.ToBase64String(request.Der.Span), $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);
        var body = Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);
        var (envelope, certificate) = Split(body, answer.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!, "application/pkcs7-mime; smime-type=server-generated-key");

        var opened = await EnvelopedData.DecryptAsync(envelope, recipient, TestContext.Current.CancellationToken);
        var signed = SignedData.ParseContent(opened!.Value.Content);
        Assert.NotNull(signed.Verify(whole.Authority.Providers));
        await using var made = Cryptography.Providers.SoftwareKeys.ImportSigningKey("made", KeyPurpose.Subject, Assert.Single(AsymmetricKeyPackage.Parse(signed.Content)).Span);
        Assert.Equal(KeyAlgorithm.MlDsa65, made.Algorithm);
        Assert.Equal(made.PublicKey, Assert.Single(CertsOnly.Parse(certificate)).PublicKey);
    }

    [Fact]
    public async Task ServerKeygen_EncryptedToAnMlKemKeyOfAnotherAgent_IsRefused()
    {
        await using var whole = await WholeServer.StartAsync();
        var credential = await whole.Authority.CredentialAsync();
        var (signer, signerKey) = await whole.Authority.AgentAsync("other.agents.test", credential);
        await using var recipient = await TestAuthority.DecapsulationKeyAsync();
        var request = await TestAuthority.StatedRequestAsync(recipient.PublicKey, "k.agents.test", signer, signerKey, new Pkcs10Options { Attributes = [.. Delivery(recipient.PublicKey.KeyIdentifier(), null)] });
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("ml-dsa-65/serverkeygen", Convert.ToBase64String(request.Der.Span), $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);

        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.Forbidden, "another agent");
    }

    private static IEnumerable<RequestAttribute> Delivery(byte[] identifier, string? cipher)
    {
        yield return new RequestAttribute(Oids.AsymmetricDecryptKeyId, [Octets(identifier)]);
        if (cipher is not null)
        {
            using var writer = new DerWriter(64);
            using (writer.Sequence())
            {
                using var capability = writer.Sequence();
                writer.WriteOid(cipher);
            }

            yield return new RequestAttribute(Oids.SmimeCapabilities, [writer.ToArray()]);
        }
    }

    [Fact]
    public async Task ServerKeygen_EncryptedToTheClientCertificatesKey_OpensWithIt()
    {
        await using var est = await EstServer.StartAsync(configure: services => services with { CmsSigner = CmsSignerOfTests.CurrentAsync });
        using var rsa = RSA.Create(2048);
        using var identity = est.Authority.ClientCertificate("agent-7", r => r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyEncipherment, true)), rsa);
        using var client = est.Client(identity);
        var identifier = identity.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = Request(r => r.CreateSigningRequest(), new CertificateRequest("CN=agent-7", key, HashAlgorithmName.SHA256), identifier, null, null);
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Convert.ToBase64String(der), basic: null), TestContext.Current.CancellationToken);
        var body = Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);
        var (envelope, _) = Split(body, answer.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!, "application/pkcs7-mime; smime-type=server-generated-key");
        Assert.NotNull(EnvelopedData.Decrypt(envelope, rsa));
    }

    [Theory]
    [InlineData("symmetric", "symmetric key")]
    [InlineData("unknown", "names neither")]
    [InlineData("cipher", "SMIMECapabilities")]
    [InlineData("twice", "must occur once")]
    [InlineData("garbage", "AsymmetricDecryptKeyIdentifier")]
    [InlineData("signature-only", "keyUsage")]
    [InlineData("ed25519", "decrypts nothing")]
    public async Task ServerKeygen_EncryptionThatCannotBe_IsRefusedAndNeverCleartext(string what, string says)
    {
        await using var est = await EstServer.StartAsync();
        using var identity = est.Authority.ClientCertificate("agent-7", r => r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true)));
        using var client = est.Client(identity);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = Key(key.ExportSubjectPublicKeyInfo()).KeyIdentifier();
        var der = what switch
        {
            "symmetric" => await WithAttributeAsync(new RequestAttribute(Oids.DecryptKeyId, [Octets([1, 2, 3])])),
            "unknown" => await WithAttributeAsync(new RequestAttribute(Oids.AsymmetricDecryptKeyId, [Octets([1, 2, 3])])),
            "garbage" => await WithAttributeAsync(new RequestAttribute(Oids.AsymmetricDecryptKeyId, [new byte[] { 5, 0 }])),
            "twice" => await WithAttributeAsync(new RequestAttribute(Oids.AsymmetricDecryptKeyId, [Octets([1]), Octets([2])])),
            "cipher" => Request(r => r.CreateSigningRequest(), new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256), own, "1.2.840.113549.3.7", null),
            "signature-only" => await WithAttributeAsync(new RequestAttribute(Oids.AsymmetricDecryptKeyId, [Octets(identity.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray())])),
            _ => await Ed25519Async(),
        };
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Convert.ToBase64String(der), basic: null), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.BadRequest, says);
        Assert.Empty(est.Authority.Asked); // nothing was made
        Assert.Single(est.Authority.Refused);
    }

    [Fact]
    public async Task ServerKeygen_WithoutACmsSigner_RefusesEncryption()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = Request(r => r.CreateSigningRequest(), new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256), Key(key.ExportSubjectPublicKeyInfo()).KeyIdentifier(), null, null);
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Convert.ToBase64String(der)), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.BadRequest, "no CMS signer");
        Assert.Equal(PkiProblemKind.PolicyViolation, Assert.Single(est.Authority.Refused).Problem.Kind);
    }

    private static (byte[] Key, byte[] Certificate) Split(string body, string boundary, string keyType)
    {
        var parts = body.Split($"--{boundary}");
        Assert.Equal(4, parts.Length);
        Assert.StartsWith($"\r\nContent-Type: {keyType}\r\n", parts[1], StringComparison.Ordinal);
        return (Value(parts[1]), Value(parts[2]));
    }

    private static byte[] Value(string part) => Convert.FromBase64String(part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);

    private static Cryptography.PublicKey Key(byte[] spki) => Cryptography.PublicKey.Parse(spki);

    private static byte[] Octets(byte[] value)
    {
        using var writer = new DerWriter(64);
        writer.WriteOctetString(value);
        return writer.ToArray();
    }

    // As a stock client makes it: .NET's own request, with the attributes of RFC 7030 §4.4.1.
    private static byte[] Request(Func<CertificateRequest, byte[]> sign, CertificateRequest request, byte[] identifier, string? cipher, string? transport)
    {
        request.OtherRequestAttributes.Add(new AsnEncodedData(new Oid(Oids.AsymmetricDecryptKeyId), Octets(identifier)));
        if (cipher is not null)
        {
            using var writer = new DerWriter(64);
            using (writer.Sequence())
            {
                foreach (var oid in new[] { cipher, transport }.OfType<string>())
                {
                    using var capability = writer.Sequence();
                    writer.WriteOid(oid);
                }
            }

            request.OtherRequestAttributes.Add(new AsnEncodedData(new Oid(Oids.SmimeCapabilities), writer.ToArray()));
        }

        return sign(request);
    }

    private static async Task<byte[]> WithAttributeAsync(RequestAttribute attribute)
    {
        await using var key = await TestAuthority.KeyAsync();
        return await Pkcs10Request.CreateAsync(X500Name.Create((Oids.CommonName, "a")), [], key, new Pkcs10Options { Attributes = [attribute] }, CancellationToken.None);
    }

    private static async Task<byte[]> Ed25519Async()
    {
        await using var key = await TestAuthority.KeyAsync(KeyAlgorithm.Ed25519);
        var attribute = new RequestAttribute(Oids.AsymmetricDecryptKeyId, [Octets(key.PublicKey.KeyIdentifier())]);
        return await Pkcs10Request.CreateAsync(X500Name.Create((Oids.CommonName, "a")), [], key, new Pkcs10Options { Attributes = [attribute] }, CancellationToken.None);
    }
}
