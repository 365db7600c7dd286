using System.Text;
using AgentPki.Cryptography;
using AgentPki.Ledger.Decisions;
using AgentPki.Protocols.Acme;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Acme.Attestation.Tpm;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Protocols.Acme.Validation.Caa;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Protocols.AuthZen;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Ocsp;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Jose;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Protocols.Tests.Fuzz;

/// <summary>What strangers send, mutated: ACME, attestations, access tokens, DNS, EST and OCSP (JOSE and X.509 have their own).</summary>
public sealed class ParserFuzzTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly ISigningKey Key = JwsMaker.Key(KeyAlgorithm.EcdsaP256);

    private static readonly Dictionary<string, SeededFuzz> Parsers = new()
    {
        ["acme-payload"] = OfText(() => """{"text":"ä","flag":true,"number":-7,"texts":["a","b"],"octets":"AAEC","object":{"a":[{}]},"list":[{"type":"dns","value":"a.test"}]}"""u8.ToArray(), TakesPayload),
        ["authzen-evaluation"] = OfText(
            () => """{"subject":{"type":"agent","id":"spiffe://a.test/b","properties":{"x5t#S256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","x5c":["AAAA"],"role":"ä"}},"action":{"name":"read","properties":{"n":-7.5e3}},"resource":{"type":"crm","id":"a/1","properties":{"l":[1,{"a":null}]}},"context":{"ip":"10.0.0.1","data_classes":["pii"],"task":{"scopes":["read:crm/**"]},"spend":{"usd-cents":5},"nonce":"n"}}"""u8.ToArray(),
            TakesEvaluation),
        ["decision-receipt"] = OfText(
            () => """{"iss":"a","aud":"b","iat":1,"exp":2,"nonce":"n","node":"0","cursor":1,"policies":"p","decisions":[{"id":"1","request":"r","sub":"s","certificate":"c","action":"a","resource":"r","decision":true,"reasons":["x"]}]}"""u8.ToArray(),
            d => DecisionStatement.TryParse(d, out _)),
        ["authority-token"] = OfText(
            () => Utf8(Signed($$$"""{"iss":"fleet","exp":1900000000,"jti":"1","atc":{"tktype":"spiffe","tkvalue":"spiffe://a.test/b","fingerprint":"SHA256 {{{string.Join(':', Enumerable.Repeat("0A", 32))}}}"}}""")),
            d => AuthorityToken.TryParse(Encoding.Latin1.GetString(d), out _, out _)),
        ["access-token"] = OfText(AccessTokenSample, d => AccessToken.TryParse(d, out _, out _)),
        ["attestation-object"] = new(() => AttestationObject(new AttestationRoot("AK Root")), SeededFuzz.RefusingBy<AttestationException>(TakesAttestation), FuzzWords.Cbor),
        ["tpm-public-ecc"] = Attested(() => Tpm(t => t.PublicArea(t.Key)), d => TpmPublic.Parse(d)),
        ["tpm-public-rsa"] = Attested(RsaArea, d => TpmPublic.Parse(d)),
        ["tpm-attest-certify"] = Attested(() => Tpm(t => t.Certify(Nonce, Nonce)), d => TpmAttest.Parse(d, "certInfo")),
        ["tpm-attest-quote"] = Attested(() => Tpm(t => t.Quote(Nonce, 0, 7, 23)), d => TpmAttest.Parse(d, "quote")),
        ["tpm-signature-ecdsa"] = Attested(() => Tpm(t => t.Sign(Nonce)), d => TpmSignature.Read(d, TpmAlgorithms.EcDsa, 0x000B, KeyAlgorithm.EcdsaP256, "sig")),
        ["tpm-signature-rsa"] = Attested(() => [0, 0x14, 0, 0x0B, 1, 0, .. new byte[256]], d => TpmSignature.Read(d, TpmAlgorithms.RsaSsa, 0x000B, KeyAlgorithm.Rsa2048, "sig")),
        ["android-key-description"] = Attested(() => Android(d => d.Description(Nonce)), d => KeyDescription.Parse(d)),
        ["caa-issue-value"] = OfText(() => "ca.example; accounturi=https://a.example/1 ; validationmethods=dns-01"u8.ToArray(), d => CaaIssueValue.Parse(Encoding.Latin1.GetString(d)) is not null),
        ["dns-reply"] = new(() => Answer, d => DnsReply.Read(d, Question) is { IsMalformed: false }, FuzzWords.Binary),
        ["est-base64"] = OfText(() => Utf8(Convert.ToBase64String(Nonce) + "\r\n"), d => EstBase64.TryRead(d, out _, out _)),
        ["ocsp-path"] = OfText(() => "/ocsp/MFEwTzBNMEswSTAJBgUrDgMCGgUABBQ%2B/a%3D%3D"u8.ToArray(), d => OcspRequestPath.TryRead(Encoding.Latin1.GetString(d), "/ocsp/") is not null),
    };

    private static DnsQuery Question => DnsQuery.Create("a.example", DnsRecordType.Txt, 7, extended: true)!;

    private static byte[] Answer => LoopbackDns.Reply(
        new DnsQuestion(7, "a.example", LoopbackDns.Txt, false, true), 0, [("a.example", LoopbackDns.CName, [1, (byte)'b', 0xC0, 14]), ("b.example", LoopbackDns.Txt, [1, (byte)'x', 0])]);

    private static byte[] AccessTokenSample()
    {
        ChainLink Link(string name, byte serial) => new($"spiffe://a.test/{name}", new byte[32], new byte[] { 1, 2, 3 }, new[] { serial });
        var time = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);
        return new AccessToken("https://a.test", "1", ["https://b.test", "https://c.test"], ScopeSet.Of("tool.invoke:crm/**"), time, time.AddMinutes(5), new byte[32], [Link("a", 1), Link("b", 2), Link("c", 3)]).Encode();
    }

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Sample_IsTaken(string parser) => Parsers[parser].TakesSample();

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Mutated_TakesOrRefuses(string parser) => Parsers[parser].Mutated(1, 2000);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Names))]
    public void Parse_MutatedManyTimes_TakesOrRefuses(string parser) => Parsers[parser].Mutated(100, 100_000);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_EveryTruncation_TakesOrRefuses(string parser) => Parsers[parser].Truncated();

    private static bool TakesEvaluation(byte[] data)
    {
        using var document = EvaluationJson.TryParse(new System.Buffers.ReadOnlySequence<byte>(data), out _);
        if (document is null)
        {
            return false;
        }

        var entities = EvaluationReader.Entities.Of(document.RootElement, default);
        if (entities.WhyNot() is not null)
        {
            return false;
        }

        _ = EvaluationReader.NonceOf(entities.Context);
        return EvaluationReader.Read(entities, "a", "c").RequestSha256.Length == 32;
    }

    private static bool TakesPayload(byte[] data)
    {
        try
        {
            var payload = AcmePayload.Parse(data);
            _ = (payload.Text("text"), payload.Flag("flag"), payload.Number("number"), payload.Texts("texts"), payload.Octets("octets"), payload.Object("object"), payload.Has("else"));
            return payload.Identifiers("list", 5).Count > 0;
        }
        catch (AcmePayloadException)
        {
            return false;
        }
    }

    private static bool TakesAttestation(byte[] data)
    {
        var statement = AttestationStatement.Parse(data);
        return statement.Text("ver").Length > 0 && statement.Integer("alg") != 0 && statement.Octets("sig").Length > 0 && statement.List("x5c").Count > 0;
    }

    private static SeededFuzz OfText(Func<byte[]> sample, Func<byte[], bool> takes) => new(sample, takes, FuzzWords.Text);

    private static SeededFuzz Attested(Func<byte[]> sample, Action<byte[]> parse) => new(sample, SeededFuzz.RefusingBy<AttestationException>(SeededFuzz.Taking(parse)), FuzzWords.Binary);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Signed(string claims)
    {
        var input = $"{JwsMaker.Base64("""{"typ":"JWT","alg":"ES256"}""")}.{JwsMaker.Base64(claims)}";
        return $"{input}.{JwsMaker.Base64(JwsMaker.Sign(Key, input))}";
    }

    private static byte[] Tpm(Func<SoftTpm, byte[]> ask)
    {
        using var tpm = new SoftTpm();
        return ask(tpm);
    }

    private static byte[] Android(Func<AndroidDevice, byte[]> ask)
    {
        using var device = new AndroidDevice();
        return ask(device);
    }

    private static byte[] AttestationObject(AttestationRoot root)
    {
        using (root)
        {
            return Tpm(t => AttestationRoot.Encode("tpm", t.Attest(root, Challenge.KeyAuthorization, 0, 7)));
        }
    }

    // TPMT_PUBLIC of a key of 2,048 bits: no scheme, the exponent 65537 as 0.
    private static byte[] RsaArea()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        return [0, 1, 0, 0x0B, 0, 4, 0, 0x72, 0, 0, 0, 0x10, 0, 0x10, 8, 0, 0, 0, 0, 0, 1, 0, .. key.ExportParameters(false).Modulus!];
    }
}
