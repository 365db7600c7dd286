using AgentPki.Cryptography;
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

    private static readonly Dictionary<string, (Lazy<byte[]> Sample, Action<byte[]> Parse)> Parsers = new()
    {
        ["request"] = (new(() => Request(TestPki.Key(KeyAlgorithm.EcdsaP256))), d => Pkcs10Request.TryParse(d, out _, out _)),
        ["request-rsa"] = (new(() => Request(TestPki.Key(KeyAlgorithm.Rsa2048))), d => Pkcs10Request.TryParse(d, out _, out _)),
        ["certificate"] = (new(() => TestPki.Agent.Der.ToArray()), d => Certificate.TryParse(d, out _, out _)),
        ["ca-certificate"] = (new(() => TestPki.Issuing.Der.ToArray()), d => Certificate.Parse(d)),
        ["catalyst-certificate"] = (new(() => CatalystPki.Agent.Der.ToArray()), d => { if (Certificate.TryParse(d, out var c, out _)) { c.VerifyAlternativeSignature(CatalystPki.IssuingAlternative.PublicKey, TestPki.Providers); } }),
        ["catalyst-lint"] = (new(() => CatalystPki.Agent.Tbs.ToArray()), d => CertificateLinter.Lint(d, CertificateLintCases.CatalystContext)),
        ["catalyst-request"] = (new(() => AlternativeRequestTests.CreateAsync().GetAwaiter().GetResult()), d => { if (Pkcs10Request.TryParse(d, out var r, out _)) { r.VerifyAlternativeSignature(TestPki.Providers); } }),
        ["related-request"] = (new(() => RelatedCertificateTests.SampleAsync().GetAwaiter().GetResult()), d =>
        {
            var request = RelatedCertificateRequest.Parse(d);
            request.FindEmbedded();
            request.VerifySignature(TestPki.Agent, TestPki.Providers);
        }),
        ["related-extension"] = (new(() => AgentPki.X509.Extensions.RelatedCertificate.To(TestPki.Agent).ToExtension().Value.ToArray()), d => AgentPki.X509.Extensions.RelatedCertificate.Parse(d).Names(TestPki.Agent)),
        ["pre-tbs"] = (new(() => CatalystPki.Agent.Tbs.ToArray()), d => PreTbs.OfCertificate(d)),
        ["pre-tbs-list"] = (new(() => CatalystPki.ListFinal(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative, CertificateListTests.Entries)), d => PreTbs.OfCertificateList(d)),
        ["lint"] = (new(() => TestPki.AgentTbs().Encode()), d => CertificateLinter.Lint(d, CertificateLintCases.AgentContext)),
        ["list"] = (new(() => CertificateListTests.Signed(CertificateListTests.Tbs(), CertificateListTests.Entries)), d => _ = CertificateList.Parse(d).Entries.Count()),
        ["ocsp-request"] = (new(() => OcspRequest.Encode([CertId.Create(TestPki.Issuing, TestPki.Agent.SerialNumber)], new byte[32])), d => OcspRequest.Parse(d)),
        ["ocsp-response"] = (new(() => OcspTests.Signed(OcspTests.Data(TestPki.Now), OcspTests.Responder)), d => OcspResponse.Parse(d)),
        ["certs-only"] = (new(() => CertsOnly.Encode(TestPki.Agent.Der, TestPki.Issuing.Der)), d => CertsOnly.Parse(d)),
        ["signed-data"] = (new(() => Signed(PkiData.Encode([Request(TestPki.AgentKey)], [1, 2, 3]))), d => PkiData.TryParse(SignedData.Parse(d).Content, out _, out _)),
        ["pki-data"] = (new(() => PkiData.Encode([Request(TestPki.AgentKey)], [1, 2, 3], 5)), d => PkiData.Parse(d)),
        ["pki-response"] = (new(() => new PkiResponse([new CmcStatusInfo(CmcStatus.Failed, [1], "no", CmcFailure.BadRequest)]).Encode()), d => PkiResponse.Parse(d)),
        ["enveloped-data"] = (new(Envelope), d => EnvelopedData.Decrypt(d, EnvelopeKey.Value)),
        ["kem-enveloped-data"] = (new(() => EnvelopeFor(EncapsulationKey.Value.PublicKey)), d => EnvelopedData.DecryptAsync(d, EncapsulationKey.Value, CancellationToken.None).AsTask().GetAwaiter().GetResult()),
        ["request-possession"] = (new(PossessionRequest), d => Pkcs10Request.TryParse(d, out _, out _)),
        ["name"] = (new(() => TestPki.IssuingName.Der.ToArray()), d => X500Name.TryParse(d, out _)),
        ["csr-attributes"] = (new(() => CsrAttributes.For(KeyAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaSha256, TestPki.AgentTbs().Extensions).Encode()), d => CsrAttributes.Parse(d).RequestedKey()),
        ["csr-template"] = (new(() => CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate { Key = KeyAlgorithm.Rsa2048, Extensions = [new ExtensionTemplate(Oids.SubjectAlternativeName)] }).Encode()), d => CsrAttributes.Parse(d).RequestedKey()),
        ["statement-of-possession"] = (new(() => PossessionStatement.By(TestPki.Agent).Encode()), d => PossessionStatement.Parse(d)),
        ["der"] = (new(() => TestPki.Agent.Der.ToArray()), d => DerValidator.Check(d)),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Mutated_TakesOrRefuses(string parser) => Fuzz(parser, 1, 1500);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Names))]
    public void Parse_MutatedManyTimes_TakesOrRefuses(string parser) => Fuzz(parser, 100, 60_000);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Sample_IsTaken(string parser) => Parsers[parser].Parse(Parsers[parser].Sample.Value);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_EveryTruncation_TakesOrRefuses(string parser)
    {
        var sample = Parsers[parser].Sample.Value;
        for (var length = 0; length < sample.Length; length += 1 + sample.Length / 400)
        {
            Try(parser, sample[..length], $"truncated to {length}");
        }
    }

    private static void Fuzz(string parser, int seed, int rounds)
    {
        var sample = Parsers[parser].Sample.Value;
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            var data = sample.ToArray();
            for (var mutations = random.Next(1, 5); mutations > 0; mutations--)
            {
                data = Mutate(data, random);
            }

            Try(parser, data, $"seed {seed}, round {round}");
        }
    }

    private static void Try(string parser, byte[] data, string which)
    {
        try
        {
            Parsers[parser].Parse(data);
        }
        catch (MalformedDataException)
        {
            // The one way a parser may refuse.
        }
        catch (Exception e)
        {
            Assert.Fail($"{parser}, {which}: {e.GetType().Name} {e.Message}\n{Convert.ToHexString(data)}");
        }
    }

    private static byte[] Mutate(byte[] data, Random random)
    {
        if (data.Length < 2)
        {
            return [.. data, (byte)random.Next(256)];
        }

        var at = random.Next(data.Length);
        switch (random.Next(8))
        {
            case 0:
                data[at] ^= (byte)(1 << random.Next(8));
                return data;
            case 1:
                return data[..at];
            case 2:
                // Lengths and tags that matter.
                data[at] = new byte[] { 0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x31, 0xA0, 0x24, 0x1F }[random.Next(13)];
                return data;
            case 3:
                return [.. data[..at], (byte)random.Next(256), .. data[at..]];
            case 4:
                return [.. data[..at], .. data[(at + 1)..]];
            case 5:
                data[at] = (byte)(data[at] + random.Next(-2, 3));
                return data;
            case 6:
                var from = random.Next(data.Length);
                var piece = data[from..Math.Min(data.Length, from + random.Next(1, 40))];
                return [.. data[..at], .. piece, .. data[at..]];
            default:
                var length = Math.Min(random.Next(1, 16), data.Length - at);
                random.NextBytes(data.AsSpan(at, length));
                return data;
        }
    }

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
