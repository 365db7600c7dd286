using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Cms.Cmc;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.X509;

namespace AgentPki.Protocols.Tests.Est;

/// <summary>
/// What the appliance signs in CMS (CMC answers, the key packages of serverkeygen) where its CA and its CMS signer have post-quantum keys: by the rules of RFC 9882, RFC 9814 and the
/// composites' draft, in the eyes of openssl 3.5 and BouncyCastle.
/// </summary>
public sealed class EstPostQuantumCmsTests
{
    private const string Name = "a.agents.test";

    [Theory]
    [InlineData("ml-dsa-65", Oids.Sha512)]
    [InlineData("slh-dsa-sha2-128f", Oids.Sha256)]
    [InlineData("mldsa65-ecdsa-p256", Oids.Sha512)]
    public async Task FullCmc_OfAPostQuantumAppliance_IsSignedByItsRules(string kind, string digest)
    {
        await using var whole = await StartAsync(kind);
        var (certificate, key) = await whole.Authority.AgentAsync(Name);
        await using var next = await TestAuthority.KeyAsync();
        var request = await SignedData.CreateAsync(
            Oids.CmcPkiData, PkiData.Encode([(await TestAuthority.RequestAsync(next, Name)).Der]), key, certificate, new SignedDataOptions(), TestContext.Current.CancellationToken);
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("fullcmc", Convert.ToBase64String(request), basic: null, type: "application/pkcs7-mime; smime-type=CMC-request"), TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);

        var message = Convert.FromBase64String(body.ReplaceLineEndings(""));
        var signed = Judge(whole, message, kind, digest);
        Assert.Equal(Oids.CmcPkiResponse, signed.ContentType);
        Assert.Equal(CmcStatus.Success, Assert.Single(PkiResponse.Parse(signed.Content).Statuses).Status);
        Assert.Contains(signed.Certificates, c => c.PublicKey.Equals(next.PublicKey));
    }

    [Theory]
    [InlineData("ml-dsa-65", Oids.Sha512)]
    [InlineData("mldsa65-ecdsa-p256", Oids.Sha512)]
    public async Task ServerKeygen_OfAPostQuantumAppliance_SignsTheKeyByItsRules(string kind, string digest)
    {
        await using var whole = await StartAsync(kind);
        var credential = await whole.Authority.CredentialAsync();
        using var recipient = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var same = ECDsa.Create(recipient.ExportParameters(true));
        await using var own = Cryptography.Providers.SoftwareKeys.ImportSigningKey("recipient", KeyPurpose.Subject, same.ExportPkcs8PrivateKey());
        using var identifier = new DerWriter(32);
        identifier.WriteOctetString(own.PublicKey.KeyIdentifier());
        var request = await TestAuthority.RequestAsync(own, Name, options: new Pkcs10Options { Attributes = [new RequestAttribute(Oids.AsymmetricDecryptKeyId, [identifier.ToArray()])] });
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("serverkeygen", Convert.ToBase64String(request.Der.Span), $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);
        var body = Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);

        var envelope = body.Split("\r\n\r\n")[1].Split("\r\n--")[0];
        var opened = EnvelopedData.Decrypt(Convert.FromBase64String(envelope), recipient);
        Assert.Equal(Oids.CmsSignedData, opened?.ContentType);
        var signed = Judge(whole, InContentInfo(opened!.Value.Content), kind, digest);
        Assert.Equal(Oids.AsymmetricKeyPackage, signed.ContentType);
        using var made = ECDsa.Create();
        made.ImportPkcs8PrivateKey(Assert.Single(AsymmetricKeyPackage.Parse(signed.Content)).Span, out _);
    }

    // The signature in three opinions, as far as each goes, and what is signed.
    private static SignedData Judge(WholeServer whole, byte[] message, string kind, string digest)
    {
        var algorithm = KeyAlgorithm.Find(kind)!;
        var signed = SignedData.Parse(message);
        var signer = Assert.Single(signed.Verify(whole.Authority.Providers)!);
        Assert.Equal(algorithm, signer.PublicKey.Algorithm);
        Assert.True(signer.VerifySignature(whole.Authority.Ceremony.Issuing.PublicKey, whole.Authority.Providers));
        var info = Assert.Single(signed.Signers);
        Assert.Equal((algorithm.DefaultSignature, digest), (info.SignatureAlgorithm, info.Digest!.Oid));
        Assert.Equal([Oids.ContentType, Oids.MessageDigest, Oids.CmsAlgorithmProtection], info.SignedAttributes.Select(a => a.Oid).Order(StringComparer.Ordinal).ToArray());

        var foreign = Assert.Single(new CmsSignedData(message).GetSignerInfos().GetSigners());
        Assert.Equal((digest, algorithm.Oid, null), (foreign.DigestAlgorithmID.Algorithm.Id, foreign.SignatureAlgorithm.Algorithm.Id, foreign.SignatureAlgorithm.Parameters));
        if (algorithm.Composite is not null)
        {
            // No openssl knows composites, and BouncyCastle's library for .NET neither: its parts do.
            Assert.True(ForeignComposite.Verify(signer.PublicKey, foreign.GetEncodedSignedAttributes(), foreign.GetSignature()));
            return signed;
        }

        if (algorithm.Family == AlgorithmFamily.MlDsa) // BouncyCastle 2.7.0 takes SLH-DSA of CMS with other digests only
        {
            Assert.True(foreign.Verify(new X509CertificateParser().ReadCertificate(signer.Der.ToArray())));
        }

        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        openssl.Write("root.pem", PemEncoding.WriteString("CERTIFICATE", whole.Authority.Ceremony.Root.Der.Span));
        openssl.Write("message.der", message);
        string[] verify = ["cms", "-verify", "-inform", "DER", "-in", "message.der", "-CAfile", "root.pem", "-purpose", "any", "-x509_strict",
            "-attime", whole.Authority.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), "-out", "content"];
        openssl.Run(verify);
        Assert.Equal(signed.Content, openssl.Read("content"));
        var changed = message.ToArray();
        changed[changed.AsSpan().IndexOf(signed.Content.Span) + signed.Content.Length - 1] ^= 1;
        openssl.Write("message.der", changed);
        Assert.Contains("verification failure", openssl.TryRun(verify).Output, StringComparison.Ordinal);
        return signed;
    }

    // CAs of that kind, and a CMS signer of it, as a home made for it has them.
    private static Task<WholeServer> StartAsync(string kind) => WholeServer.StartAsync(
        ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "appliance-cms.yaml" ? (text.File, text.Yaml.Replace("keys: [", $"keys: [{kind}, ", StringComparison.Ordinal)) : text)),
        options => options with { Root = options.Root.With(new KeyKind(KeyAlgorithm.Find(kind)!)), Issuing = options.Issuing.With(new KeyKind(KeyAlgorithm.Find(kind)!)) });

    // ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }
    private static byte[] InContentInfo(ReadOnlySpan<byte> signedData)
    {
        using var writer = new DerWriter(signedData.Length + 64);
        using (writer.Sequence())
        {
            writer.WriteOid(Oids.CmsSignedData);
            using var content = writer.Constructed(DerTag.ContextConstructed(0));
            writer.WriteEncoded(signedData);
        }

        return writer.ToArray();
    }
}
