using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

public sealed class FlattenedJwsTests
{
    private static readonly ISigningKey Key = JwsMaker.Key(KeyAlgorithm.EcdsaP256);
    private static readonly string JwkJson = JwsMaker.JwkOf(Key);
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly string P = JwsMaker.Base64("""{"alg":"ES256","kid":"a"}""");

    private static readonly Dictionary<string, (string Json, JoseErrorKind Kind, string Text)> Refused = new()
    {
        ["empty"] = ("", JoseErrorKind.Malformed, "not valid JSON"),
        ["compact serialization"] = ($"{P}.e30.AAAA", JoseErrorKind.Malformed, "not valid JSON"),
        ["an array"] = ($"[{JwsMaker.Flat(P, "e30", "AAAA")}]", JoseErrorKind.Malformed, "not a JSON object"),
        ["two of them"] = (JwsMaker.Flat(P, "e30", "AAAA") + JwsMaker.Flat(P, "e30", "AAAA"), JoseErrorKind.Malformed, "behind"),
        ["cut short"] = (JwsMaker.Flat(P, "e30", "AAAA")[..^1], JoseErrorKind.Malformed, "not valid JSON"),
        ["no protected"] = ("""{"payload":"e30","signature":"AAAA"}""", JoseErrorKind.Malformed, "no protected header"),
        ["no payload"] = ($$"""{"protected":"{{P}}","signature":"AAAA"}""", JoseErrorKind.Malformed, "no payload"),
        ["payload null"] = ($$"""{"protected":"{{P}}","payload":null,"signature":"AAAA"}""", JoseErrorKind.Malformed, "payload is no text"),
        ["payload an object"] = ($$"""{"protected":"{{P}}","payload":{},"signature":"AAAA"}""", JoseErrorKind.Malformed, "payload is no text"),
        ["no signature"] = ($$"""{"protected":"{{P}}","payload":"e30"}""", JoseErrorKind.Malformed, "no signature"),
        ["signature empty"] = (JwsMaker.Flat(P, "e30", ""), JoseErrorKind.Malformed, "signature is not base64url"),
        ["signature padded"] = (JwsMaker.Flat(P, "e30", "AAA="), JoseErrorKind.Malformed, "signature is not base64url"),
        ["signature with bits left over"] = (JwsMaker.Flat(P, "e30", "AAB"), JoseErrorKind.Malformed, "signature is not base64url"),
        ["payload padded"] = (JwsMaker.Flat(P, "e30=", "AAAA"), JoseErrorKind.Malformed, "payload is not base64url"),
        ["payload not encoded"] = (JwsMaker.Flat(P, "hello world", "AAAA"), JoseErrorKind.Malformed, "payload is not base64url"),
        ["payload of no length"] = (JwsMaker.Flat(P, "e3000", "AAAA"), JoseErrorKind.Malformed, "payload is not base64url"),
        ["protected empty"] = (JwsMaker.Flat("", "e30", "AAAA"), JoseErrorKind.Malformed, "protected header is not base64url"),
        ["protected not encoded"] = ("""{"protected":{"alg":"ES256"},"payload":"e30","signature":"AAAA"}""", JoseErrorKind.Malformed, "protected is no text"),
        ["protected no JSON"] = (JwsMaker.Flat("AAAA", "e30", "AAAA"), JoseErrorKind.Malformed, "protected header is not valid JSON"),
        ["protected an array"] = (JwsMaker.Flat(JwsMaker.Base64("[]"), "e30", "AAAA"), JoseErrorKind.Malformed, "protected header is not a JSON object"),
        ["protected too long"] = (JwsMaker.Flat(new string('A', 4 * JwsHeaderLimit), "e30", "AAAA"), JoseErrorKind.TooLarge, "16 KiB"),
        ["too long"] = (JwsMaker.Flat(P, new string('A', FlattenedJws.MaximumLength), "AAAA"), JoseErrorKind.TooLarge, "256 KiB"),
        ["unprotected header"] = ($$"""{"protected":"{{P}}","header":{"kid":"b"},"payload":"e30","signature":"AAAA"}""", JoseErrorKind.Malformed, "unprotected header"),
        ["unprotected header, empty"] = ($$$"""{"protected":"{{{P}}}","payload":"e30","signature":"AAAA","header":{}}""", JoseErrorKind.Malformed, "unprotected header"),
        ["general serialization"] = ($$"""{"payload":"e30","signatures":[{"protected":"{{P}}","signature":"AAAA"}]}""", JoseErrorKind.Malformed, "has signatures"),
        ["signatures beside signature"] = ($$"""{"protected":"{{P}}","payload":"e30","signature":"AAAA","signatures":[]}""", JoseErrorKind.Malformed, "has signatures"),
        ["protected twice"] = ($$"""{"protected":"{{P}}","protected":"{{P}}","payload":"e30","signature":"AAAA"}""", JoseErrorKind.Malformed, "The JWS has a member twice"),
        ["payload twice"] = ($$"""{"protected":"{{P}}","payload":"e30","payload":"e30","signature":"AAAA"}""", JoseErrorKind.Malformed, "The JWS has a member twice"),
        ["signature twice, once escaped"] = ($$"""{"protected":"{{P}}","payload":"e30","signature":"AAAA","signatur\u0065":"AAAA"}""", JoseErrorKind.Malformed, "The JWS has a member twice"),
        ["unknown twice"] = ($$"""{"protected":"{{P}}","payload":"e30","signature":"AAAA","x":1,"x":1}""", JoseErrorKind.Malformed, "The JWS has a member twice"),
        ["no alg"] = Header("{}", JoseErrorKind.Malformed, "no alg"),
        ["alg null"] = Header("""{"alg":null}""", JoseErrorKind.Malformed, "alg is no text"),
        ["alg an array"] = Header("""{"alg":["ES256"]}""", JoseErrorKind.Malformed, "alg is no text"),
        ["alg none"] = Header("""{"alg":"none"}""", JoseErrorKind.Algorithm, "'none'"),
        ["alg None"] = Header("""{"alg":"NonE"}""", JoseErrorKind.Algorithm, "'none'"),
        ["alg escaped none"] = Header("""{"alg":"n\u006fne"}""", JoseErrorKind.Algorithm, "'none'"),
        ["alg empty"] = Header("""{"alg":""}""", JoseErrorKind.Algorithm, "The alg is not taken; use one of ES256"),
        ["alg in lower case"] = Header("""{"alg":"es256"}""", JoseErrorKind.Algorithm, "'es256' is not taken"),
        ["alg HS256"] = Header("""{"alg":"HS256","kid":"a"}""", JoseErrorKind.Algorithm, "is a MAC"),
        ["alg HS256 with a public key"] = Header($$"""{"alg":"HS256","jwk":{{JwkJson}}}""", JoseErrorKind.Algorithm, "is a MAC"),
        ["alg HS512"] = Header("""{"alg":"HS512","kid":"a"}""", JoseErrorKind.Algorithm, "'HS512' is not taken"),
        ["alg RS512"] = Header("""{"alg":"RS512","kid":"a"}""", JoseErrorKind.Algorithm, "'RS512' is not taken"),
        ["alg PS256"] = Header("""{"alg":"PS256","kid":"a"}""", JoseErrorKind.Algorithm, "'PS256' is not taken"),
        ["alg RS1"] = Header("""{"alg":"RS1","kid":"a"}""", JoseErrorKind.Algorithm, "'RS1' is not taken"),
        ["alg ES512"] = Header("""{"alg":"ES512","kid":"a"}""", JoseErrorKind.Algorithm, "'ES512' is not taken"),
        ["alg of a script"] = Header("""{"alg":"<script>","kid":"a"}""", JoseErrorKind.Algorithm, "The alg is not taken"),
        ["alg twice"] = Header("""{"alg":"ES256","alg":"none","kid":"a"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["alg twice, once escaped"] = Header("""{"alg":"ES256","\u0061lg":"ES256","kid":"a"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["kid twice"] = Header("""{"alg":"ES256","kid":"a","kid":"b"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["nonce twice"] = Header("""{"alg":"ES256","kid":"a","nonce":"AAAA","nonce":"AAAA"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["url twice"] = Header("""{"alg":"ES256","kid":"a","url":"a","url":"a"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["jwk twice"] = Header($$"""{"alg":"ES256","jwk":{{JwkJson}},"jwk":{{JwkJson}}}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["unknown twice in the header"] = Header("""{"alg":"ES256","kid":"a","typ":"a","typ":"a"}""", JoseErrorKind.Malformed, "protected header has a member twice"),
        ["twice inside the jwk"] = Header("""{"alg":"ES256","jwk":{"kty":"EC","kty":"EC"}}""", JoseErrorKind.Malformed, "The JWK has a member twice"),
        ["crit"] = Header("""{"alg":"ES256","kid":"a","crit":["b64"],"b64":false}""", JoseErrorKind.Malformed, "crit"),
        ["crit empty"] = Header("""{"alg":"ES256","kid":"a","crit":[]}""", JoseErrorKind.Malformed, "crit"),
        ["b64 false"] = Header("""{"alg":"ES256","kid":"a","b64":false}""", JoseErrorKind.Malformed, "b64"),
        ["b64 true"] = Header("""{"alg":"ES256","kid":"a","b64":true}""", JoseErrorKind.Malformed, "b64"),
        ["jku"] = Header("""{"alg":"ES256","jku":"https://evil.example/"}""", JoseErrorKind.Malformed, "jku"),
        ["x5c"] = Header("""{"alg":"ES256","kid":"a","x5c":["AAAA"]}""", JoseErrorKind.Malformed, "x5*"),
        ["x5t#S256"] = Header("""{"alg":"ES256","kid":"a","x5t#S256":"AAAA"}""", JoseErrorKind.Malformed, "x5*"),
        ["jwk and kid"] = Header($$"""{"alg":"ES256","jwk":{{JwkJson}},"kid":"a"}""", JoseErrorKind.Malformed, "both jwk and kid"),
        ["kid and jwk"] = Header($$"""{"alg":"ES256","kid":"a","jwk":{{JwkJson}}}""", JoseErrorKind.Malformed, "both jwk and kid"),
        ["kid empty"] = Header("""{"alg":"ES256","kid":""}""", JoseErrorKind.Malformed, "kid is not a text"),
        ["kid a number"] = Header("""{"alg":"ES256","kid":1}""", JoseErrorKind.Malformed, "kid is not a text"),
        ["kid too long"] = Header($$"""{"alg":"ES256","kid":"{{new string('a', 2049)}}"}""", JoseErrorKind.Malformed, "kid is not a text"),
        ["url an object"] = Header("""{"alg":"ES256","kid":"a","url":{}}""", JoseErrorKind.Malformed, "url is not a text"),
        ["nonce empty"] = Header("""{"alg":"ES256","kid":"a","nonce":""}""", JoseErrorKind.Malformed, "nonce is not a text"),
        ["nonce not base64url"] = Header("""{"alg":"ES256","kid":"a","nonce":"a+b/"}""", JoseErrorKind.Malformed, "nonce is not base64url"),
        ["nonce padded"] = Header("""{"alg":"ES256","kid":"a","nonce":"AAA="}""", JoseErrorKind.Malformed, "nonce is not base64url"),
        ["nonce too long"] = Header($$"""{"alg":"ES256","kid":"a","nonce":"{{new string('a', 257)}}"}""", JoseErrorKind.Malformed, "nonce is not a text"),
        ["jwk a text"] = Header("""{"alg":"ES256","jwk":"a"}""", JoseErrorKind.Malformed, "jwk is not a JSON object"),
        ["jwk null"] = Header("""{"alg":"ES256","jwk":null}""", JoseErrorKind.Malformed, "jwk is not a JSON object"),
        ["jwk private"] = Header($$$"""{"alg":"ES256","jwk":{{{JwkJson[..^1]}}},"d":"AAAA"}}""", JoseErrorKind.Key, "private key"),
        ["jwk's alg another"] = Header($$$"""{"alg":"RS256","jwk":{{{JwkJson[..^1]}}},"alg":"ES256"}}""", JoseErrorKind.Algorithm, "RS256 is not the ES256"),
        ["unpaired surrogate in kid"] = Header("""{"alg":"ES256","kid":"\udc00"}""", JoseErrorKind.Malformed, "not valid JSON"),
        ["deep"] = Header($$"""{"alg":"ES256","kid":"a","x":{{new string('[', 20)}}{{new string(']', 20)}}}""", JoseErrorKind.Malformed, "deeper"),
    };

    private const int JwsHeaderLimit = 16 * 1024;

    public static TheoryData<string> Cases => [.. Refused.Keys];

    public static TheoryData<string> Signers => [.. JwsAlgorithm.All.Where(a => !a.IsMac && a != JwsAlgorithm.Ed25519).Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void TryParse_BadJws_IsRefusedWithItsOwnText(string name)
    {
        var (json, kind, text) = Refused[name];
        Assert.False(FlattenedJws.TryParse(Encoding.UTF8.GetBytes(json), JwsUse.Signature, out var jws, out var error));
        Assert.Null(jws);
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
        Assert.Equal(kind, error.Kind);
        Assert.EndsWith(".", error.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<", error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Signers))]
    public void Verify_OwnAndForeignKey_TellsThem(string name)
    {
        var algorithm = JwsAlgorithm.Find(Encoding.ASCII.GetBytes(name))!;
        var kind = KeyAlgorithm.All.First(algorithm.Fits);
        var key = JwsMaker.Key(kind);
        var jws = Parse(JwsMaker.Signed(key, $$"""{"alg":"{{name}}","jwk":{{JwsMaker.JwkOf(key)}},"nonce":"AAAA","url":"https:\/\/ca.example\/a"}""", "{}"), JwsUse.Signature);
        Assert.Equal("https://ca.example/a", jws.Url);
        Assert.Equal("AAAA", jws.Nonce);
        Assert.Equal("{}", Encoding.ASCII.GetString(jws.Payload.Span));
        Assert.Null(jws.KeyId);
        Assert.True(jws.Verify(jws.Jwk!.Key, JwsMaker.Providers));
        Assert.False(jws.VerifyMac(key.PublicKey.SubjectPublicKeyInfo.Span), "a signature is no MAC, whatever the key");
        foreach (var other in KeyAlgorithm.All.Where(a => a.Family is AlgorithmFamily.Ecdsa or AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa))
        {
            Assert.False(jws.Verify(JwsMaker.Key(other, 1).PublicKey, JwsMaker.Providers));
        }
    }

    [Fact]
    public void TryParse_OrderWhiteSpaceEscapesAndUnknownMembers_AreTaken()
    {
        var header = """ { "typ" : "x", "kid" : "\u0061", "cty":{"a":[{"b":1},{"b":1}]}, "alg" : "ES\u003256" } """;
        var (h, p) = (JwsMaker.Base64(header), JwsMaker.Base64("x"));
        var jws = Parse($$""" { "signature" : "{{JwsMaker.Base64(JwsMaker.Sign(Key, $"{h}.{p}"))}}", "extra": {"header":1}, "payload":"\u0065{{p[1..]}}", "p\u0072otected":"{{h}}" } """.Replace("\\u0065", p[0] == 'e' ? "\\u0065" : $"\\u{(int)p[0]:x4}"), JwsUse.Signature);
        Assert.Equal("a", jws.KeyId);
        Assert.Null(jws.Url);
        Assert.Null(jws.Nonce);
        Assert.True(jws.Verify(Key.PublicKey, JwsMaker.Providers));
    }

    [Fact]
    public void TryParse_EmptyPayload_IsTaken()
    {
        var jws = Parse(JwsMaker.Signed(Key, """{"alg":"ES256","kid":"a"}""", ""), JwsUse.Signature);
        Assert.True(jws.Payload.IsEmpty);
        Assert.True(jws.Verify(Key.PublicKey, JwsMaker.Providers));
    }

    [Fact]
    public void Verify_DerSignature_IsFalse()
    {
        // What openssl dgst writes, which RFC 7518 §3.4 does not allow.
        var (h, p) = (JwsMaker.Base64("""{"alg":"ES256","kid":"a"}"""), JwsMaker.Base64("{}"));
        var pair = JwsMaker.Sign(Key, $"{h}.{p}");
        Assert.True(Parse(JwsMaker.Flat(h, p, JwsMaker.Base64(pair)), JwsUse.Signature).Verify(Key.PublicKey, JwsMaker.Providers));
        Assert.False(Parse(JwsMaker.Flat(h, p, JwsMaker.Base64(EcdsaSignatureValue.FromConcatenation(pair))), JwsUse.Signature).Verify(Key.PublicKey, JwsMaker.Providers));
        Assert.False(Parse(JwsMaker.Flat(h, p, JwsMaker.Base64(new byte[64])), JwsUse.Signature).Verify(Key.PublicKey, JwsMaker.Providers), "r = s = 0");
        Assert.False(Parse(JwsMaker.Flat(h, p, JwsMaker.Base64([.. pair[..32], 0, .. pair[32..]])), JwsUse.Signature).Verify(Key.PublicKey, JwsMaker.Providers), "65 octets");
        Assert.False(Parse(JwsMaker.Flat(h, p, JwsMaker.Base64([0, .. pair[..32], 0, .. pair[32..]])), JwsUse.Signature).Verify(Key.PublicKey, JwsMaker.Providers), "zeros in front");
    }

    [Fact]
    public void Verify_Mac_NeedsTheSecretAndNoKeyPair()
    {
        var jws = Parse(JwsMaker.Macced(Secret, """{"alg":"HS256","kid":"a","url":"u"}""", "{}"), JwsUse.Mac);
        Assert.True(jws.VerifyMac(Secret));
        Assert.False(jws.VerifyMac([.. Secret, 1]));
        Assert.False(jws.Verify(Key.PublicKey, JwsMaker.Providers));

        // The classic: a MAC made with the public key, where somebody takes the key for a secret.
        var confused = Parse(JwsMaker.Macced(Key.PublicKey.SubjectPublicKeyInfo.ToArray(), """{"alg":"HS256","kid":"a"}""", "{}"), JwsUse.Mac);
        Assert.False(confused.Verify(Key.PublicKey, JwsMaker.Providers));
    }

    [Fact]
    public void VerifyMac_ShortSecret_IsFalse()
    {
        var jws = Parse(JwsMaker.Macced(Secret[..31], """{"alg":"HS256","kid":"a"}""", "{}"), JwsUse.Mac);
        Assert.False(jws.VerifyMac(Secret.AsSpan(0, 31)), "RFC 7518 §3.2: not below 256 bits");
    }

    [Theory]
    [InlineData("""{"alg":"ES256","kid":"a"}""", "ES256 is a signature")]
    [InlineData("""{"alg":"HS384","kid":"a"}""", "'HS384' is not taken")]
    [InlineData("""{"alg":"HS256","jwk":{"kty":"oct"}}""", "has a jwk")]
    public void TryParse_NoMacWhereOneIsWanted_IsRefused(string header, string text)
    {
        Assert.False(FlattenedJws.TryParse(Encoding.UTF8.GetBytes(JwsMaker.Macced(Secret, header, "{}")), JwsUse.Mac, out _, out var error));
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_ManyUnknownMembers_TakesNoLongerThanItsLength()
    {
        var members = string.Concat(Enumerable.Range(0, 18_000).Select(i => $"\"{i:x}\":0,"));
        Assert.False(FlattenedJws.TryParse(Encoding.ASCII.GetBytes($"{{{members}\"0\":0}}"), JwsUse.Signature, out _, out var error));
        Assert.Contains("twice", error.Text, StringComparison.Ordinal);
    }

    private static FlattenedJws Parse(string json, JwsUse use)
    {
        Assert.True(FlattenedJws.TryParse(Encoding.UTF8.GetBytes(json), use, out var jws, out var error), error?.Text);
        return jws;
    }

    private static (string Json, JoseErrorKind Kind, string Text) Header(string header, JoseErrorKind kind, string text) => (JwsMaker.Flat(JwsMaker.Base64(header), "e30", "AAAA"), kind, text);
}
