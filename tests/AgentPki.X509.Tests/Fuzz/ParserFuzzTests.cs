using AgentPki.Cryptography;
using AgentPki.Testing.Fuzz;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Cms.Cmc;
using AgentPki.X509.Der;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.CertificateLists;
using AgentPki.X509.Tests.Cms;
using AgentPki.X509.Tests.Lint;
using AgentPki.X509.Tests.Ocsp;
using AgentPki.X509.Tests.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Fuzz;

/// <summary>
/// Real samples, mutated by a seeded generator: bits, truncation, lengths, tags, spliced and repeated pieces. A parser may take the result or refuse it with
/// <see cref="MalformedDataException"/>; any other exception is a defect.
/// </summary>
public sealed class ParserFuzzTests
{
    private static readonly Lazy<System.Security.Cryptography.ECDiffieHellman> EnvelopeKey = new(() =>
    {
        var key = System.Security.Cryptography.ECDiffieHellman.Create();
        key.ImportPkcs8PrivateKey(((SoftwareSigningKey)SignedDataTests.Signer("ecdsa-p256").Key).ExportPkcs8(), out _);
        return key;
    });

    private static readonly Lazy<IDecapsulationKey> EncapsulationKey = new(() => TestPki.Providers.ForEncapsulation(KeyAlgorithm.MlKem512, KeyCapabilities.Generate)!
        .GenerateDecapsulationKeyAsync(new KeySpec("fuzz", KeyAlgorithm.MlKem512, KeyPurpose.Subject), CancellationToken.None).AsTask().GetAwaiter().GetResult());

    private static readonly Dictionary<string, SeededFuzz> Parsers = new()
    {
        ["request"] = Of(() => Request(TestPki.Key(KeyAlgorithm.EcdsaP256)), d => Pkcs10Request.TryParse(d, out _, out _)),
        ["request-rsa"] = Of(() => Request(TestPki.Key(KeyAlgorithm.Rsa2048)), d => Pkcs10Request.TryParse(d, out _, out _)),
        ["certificate"] = Of(() => TestPki.Agent.Der.ToArray(), d => Certificate.TryParse(d, out _, out _)),
        ["ca-certificate"] = Of(() => TestPki.Issuing.Der.ToArray(), d => Certificate.Parse(d)),
        ["catalyst-certificate"] = Of(() => CatalystPki.Agent.Der.ToArray(), d => Certificate.TryParse(d, out var c, out _) && c.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers)),
        ["catalyst-lint"] = Of(() => CatalystPki.Agent.Tbs.ToArray(), d => CertificateLinter.Lint(d, CertificateLintCases.CatalystContext).Count == 0),
        ["catalyst-request"] = Of(() => AlternativeRequestTests.CreateAsync().GetAwaiter().GetResult(), d => Pkcs10Request.TryParse(d, out var r, out _) && r.VerifyAlternativeSignature(TestPki.Providers)),
        ["related-request"] = Of(() => RelatedCertificateTests.SampleAsync().GetAwaiter().GetResult(), d =>
        {
            var request = RelatedCertificateRequest.Parse(d);
            request.FindEmbedded();
            return request.VerifySignature(TestPki.Agent, TestPki.Providers);
        }),
        ["related-extension"] = Of(() => AgentPki.X509.Extensions.RelatedCertificate.To(TestPki.Agent).ToExtension().Value.ToArray(), d => AgentPki.X509.Extensions.RelatedCertificate.Parse(d).Names(TestPki.Agent)),
        ["pre-tbs"] = Of(() => CatalystPki.Agent.Tbs.ToArray(), d => PreTbs.OfCertificate(d)),
        ["pre-tbs-list"] = Of(() => CatalystPki.ListFinal(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative, CertificateListTests.Entries), d => PreTbs.OfCertificateList(d)),
        ["lint"] = Of(() => TestPki.AgentTbs().Encode(), d => CertificateLinter.Lint(d, CertificateLintCases.AgentContext).Count == 0),
        ["list"] = Of(() => CertificateListTests.Signed(CertificateListTests.Tbs(), CertificateListTests.Entries), d => _ = CertificateList.Parse(d).Entries.Count()),
        ["ocsp-request"] = Of(() => OcspRequest.Encode([CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber)], new byte[32]), d => OcspRequest.Parse(d)),
        ["ocsp-response"] = Of(() => OcspTests.Signed(OcspTests.Data(TestPki.Now), OcspTests.Responder), d => OcspResponse.Parse(d)),
        ["certs-only"] = Of(() => CertsOnly.Encode(TestPki.Agent.Der, TestPki.Issuing.Der), d => CertsOnly.Parse(d)),
        ["signed-data"] = Of(() => Signed(PkiData.Encode([Request(TestPki.AgentKey)], [1, 2, 3])), d => PkiData.TryParse(SignedData.Parse(d).Content, out _, out _)),
        ["pki-data"] = Of(() => PkiData.Encode([Request(TestPki.AgentKey)], [1, 2, 3], 5), d => PkiData.Parse(d)),
        ["pki-response"] = Of(() => new PkiResponse([new CmcStatusInfo(CmcStatus.Failed, [1], "no", CmcFailure.BadRequest)]).Encode(), d => PkiResponse.Parse(d)),
        ["enveloped-data"] = Of(Envelope, d => EnvelopedData.Decrypt(d, EnvelopeKey.Value)),
        ["kem-enveloped-data"] = Of(() => EnvelopeFor(EncapsulationKey.Value.PublicKey), d => EnvelopedData.DecryptAsync(d, EncapsulationKey.Value, CancellationToken.None).AsTask().GetAwaiter().GetResult()),
        ["request-possession"] = Of(PossessionRequest, d => Pkcs10Request.TryParse(d, out _, out _)),
        ["name"] = Of(() => TestPki.IssuingName.Der.ToArray(), d => X500Name.TryParse(d, out _)),
        ["csr-attributes"] = Of(() => CsrAttributes.For(KeyAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaSha256, TestPki.AgentTbs().Extensions).Encode(), d => CsrAttributes.Parse(d).RequestedKey()),
        ["csr-template"] = Of(() => CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate { Key = KeyAlgorithm.Rsa2048, Extensions = [new ExtensionTemplate(Oids.SubjectAlternativeName)] }).Encode(), d => CsrAttributes.Parse(d).RequestedKey()),
        ["statement-of-possession"] = Of(() => PossessionStatement.By(TestPki.Agent).Encode(), d => PossessionStatement.Parse(d)),
        ["agent-policy"] = Of(() => AgentPolicyJson.Parse("""{"scopes":["tool.invoke:crm/**","db.read:x*"],"not_after":"2030-01-01T00:00:00Z","weekly":["mon-fri 08:00-18:00"],"networks":["10.0.0.0/8","2001:db8::/32"],"environments":["prod"],"data_classes":["public"],"obligations":["gdpr"],"delegation_depth":2,"maximum_lifetime":3600,"budget":{"usd":5}}""").Encode(), d => AgentPolicyDer.Parse(d)),
        ["der"] = Of(() => TestPki.Agent.Der.ToArray(), d => DerValidator.Check(d) is null),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Sample_IsTaken(string parser) => Parsers[parser].TakesSample();

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Mutated_TakesOrRefuses(string parser) => Parsers[parser].Mutated(1, 1500);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Names))]
    public void Parse_MutatedManyTimes_TakesOrRefuses(string parser) => Parsers[parser].Mutated(100, 60_000);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_EveryTruncation_TakesOrRefuses(string parser) => Parsers[parser].Truncated();

    private static SeededFuzz Of(Func<byte[]> sample, Func<byte[], bool> takes) => new(sample, SeededFuzz.RefusingBy<MalformedDataException>(takes), FuzzWords.Binary);

    private static SeededFuzz Of(Func<byte[]> sample, Action<byte[]> parse) => Of(sample, SeededFuzz.Taking(parse));

    private static byte[] Request(ISigningKey key)
    {
        var pending = Pkcs10Request.CreateAsync(
            X500Name.FromRfc4514("CN=agent-7,O=Exämple"),
            [new GeneralName.Dns("a.example"), new GeneralName.Uri("spiffe://agents.example/a"), new GeneralName.Ip(System.Net.IPAddress.Loopback), new GeneralName.Directory(TestPki.RootName)],
            key,
            new Pkcs10Options { ChallengePassword = "p", Extensions = [.. TestPki.AgentTbs().Extensions.Take(3)] },
            CancellationToken.None);
        return pending.AsTask().GetAwaiter().GetResult();
    }

    private static byte[] Signed(byte[] content)
    {
        var (key, certificate) = SignedDataTests.Signer("ecdsa-p256");
        return SignedData.CreateAsync(Oids.CmcPkiData, content, key, certificate, new SignedDataOptions(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    private static byte[] PossessionRequest() => Pkcs10Request.CreateAsync(
        TestPki.Agent.Subject, [new GeneralName.Dns("a.example")], EncapsulationKey.Value.PublicKey, TestPki.AgentKey, new Pkcs10Options { PossessionBy = TestPki.Agent }, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static byte[] EnvelopeFor(PublicKey key) => EnvelopedData.EncryptAsync(
        Oids.CmsData, "content"u8.ToArray(), ContentEncryption.Aes256Gcm, [Recipient.ForKey(key, key.KeyIdentifier())], TestPki.Providers, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static byte[] Envelope() =>
        EnvelopedData.EncryptAsync(Oids.CmsData, "content"u8.ToArray(), ContentEncryption.Aes256Cbc, [Recipient.ForCertificate(SignedDataTests.Signer("ecdsa-p256").Certificate)], TestPki.Providers, CancellationToken.None).AsTask().GetAwaiter().GetResult();
}
