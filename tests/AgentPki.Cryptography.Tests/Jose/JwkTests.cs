using System.Formats.Asn1;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

public sealed class JwkTests
{
    private const string X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"; // RFC 7515 A.3
    private const string Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    private const string Ed = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"; // RFC 8037 A.2

    private static readonly string Modulus = JwsMaker.Base64(ModulusOf(2048));

    private static readonly Dictionary<string, (string Json, JoseErrorKind Kind, string Text)> Refused = new()
    {
        ["no object"] = ("[]", JoseErrorKind.Malformed, "not a JSON object"),
        ["empty"] = ("", JoseErrorKind.Malformed, "not valid JSON"),
        ["data behind"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{Ed}}"} {}""", JoseErrorKind.Malformed, "behind"),
        ["comment"] = ($$"""{"kty":"OKP","crv":"Ed25519",/**/"x":"{{Ed}}"}""", JoseErrorKind.Malformed, "not valid JSON"),
        ["trailing comma"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{Ed}}",}""", JoseErrorKind.Malformed, "not valid JSON"),
        ["single quotes"] = ("{'kty':'OKP'}", JoseErrorKind.Malformed, "not valid JSON"),
        ["byte order mark"] = ("\uFEFF{}", JoseErrorKind.Malformed, "not valid JSON"),
        ["no kty"] = ($$"""{"crv":"P-256","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Malformed, "no kty"),
        ["kty a number"] = ("""{"kty":1}""", JoseErrorKind.Malformed, "no text"),
        ["kty null"] = ("""{"kty":null}""", JoseErrorKind.Malformed, "no text"),
        ["kty unknown"] = ("""{"kty":"ec"}""", JoseErrorKind.Key, "kty is not taken"),
        ["kty oct"] = ("""{"kty":"oct","k":"AAAA"}""", JoseErrorKind.Key, "symmetric"),
        ["kty twice"] = ($$"""{"kty":"EC","kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Malformed, "twice"),
        ["kty twice, once escaped"] = ($$"""{"kty":"EC","\u006bty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Malformed, "twice"),
        ["unknown member twice"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","kid":"1","kid":"2"}""", JoseErrorKind.Malformed, "twice"),
        ["unknown member twice inside"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","ext":[{"a":1,"a":2}]}""", JoseErrorKind.Malformed, "twice"),
        ["nested too deep"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","ext":[[[[[[[[[]]]]]]]]]}""", JoseErrorKind.Malformed, "deeper"),
        ["unpaired surrogate"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","kid":"\ud800"}""", JoseErrorKind.Malformed, "not valid JSON"),
        ["unpaired surrogate in a name"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","\ud800":1}""", JoseErrorKind.Malformed, "not valid JSON"),
        ["private EC"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","d":"AAAA"}""", JoseErrorKind.Key, "private key"),
        ["private, escaped name"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","\u0064":"AAAA"}""", JoseErrorKind.Key, "private key"),
        ["private RSA factor"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AQAB","p":"AAAA"}""", JoseErrorKind.Key, "private key"),
        ["private RSA others"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AQAB","oth":[]}""", JoseErrorKind.Key, "private key"),
        ["private OKP"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{Ed}}","d":"AAAA"}""", JoseErrorKind.Key, "private key"),
        ["private AKP"] = ("""{"kty":"AKP","alg":"ML-DSA-44","priv":"AAAA"}""", JoseErrorKind.Key, "private key"),
        ["EC without crv"] = ($$"""{"kty":"EC","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Malformed, "no crv"),
        ["EC on P-521"] = ($$"""{"kty":"EC","crv":"P-521","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Key, "P-256 or P-384"),
        ["EC on secp256k1"] = ($$"""{"kty":"EC","crv":"secp256k1","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Key, "P-256 or P-384"),
        ["EC without y"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}"}""", JoseErrorKind.Malformed, "x and y"),
        ["EC, x too short"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X[..40]}}","y":"{{Y}}"}""", JoseErrorKind.Key, "32 octets each"),
        ["EC, x with a zero in front"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{JwsMaker.Base64([0, .. JoseBase64.Decode(Encoding.ASCII.GetBytes(X))!])}}","y":"{{Y}}"}""", JoseErrorKind.Key, "32 octets each"),
        ["EC, x padded"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}=","y":"{{Y}}"}""", JoseErrorKind.Key, "32 octets each"),
        ["EC, x base64"] = ($$"""{"kty":"EC","crv":"P-256","x":"+{{X[1..]}}","y":"{{Y}}"}""", JoseErrorKind.Malformed, "base64url"),
        ["EC, x with bits left over"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X[..^1]}}V","y":"{{Y}}"}""", JoseErrorKind.Malformed, "base64url"),
        ["EC, not on the curve"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{Y}}","y":"{{X}}"}""", JoseErrorKind.Key, "not on the curve"),
        ["EC, zero"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{JwsMaker.Base64(new byte[32])}}","y":"{{JwsMaker.Base64(new byte[32])}}"}""", JoseErrorKind.Key, "not on the curve"),
        ["EC, P-256's point on P-384"] = ($$"""{"kty":"EC","crv":"P-384","x":"{{X}}","y":"{{Y}}"}""", JoseErrorKind.Key, "48 octets each"),
        ["EC for encryption"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","use":"enc"}""", JoseErrorKind.Key, "use is not 'sig'"),
        ["EC, alg of another kind"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","alg":"RS256"}""", JoseErrorKind.Key, "alg is none"),
        ["EC, alg of another curve"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","alg":"ES384"}""", JoseErrorKind.Key, "alg is none"),
        ["EC, alg unknown"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","alg":"ECDH-ES"}""", JoseErrorKind.Key, "alg is none"),
        ["EC, alg empty"] = ($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","alg":""}""", JoseErrorKind.Key, "alg is none"),
        ["RSA without n"] = ("""{"kty":"RSA","e":"AQAB"}""", JoseErrorKind.Malformed, "n and e"),
        ["RSA without e"] = ($$"""{"kty":"RSA","n":"{{Modulus}}"}""", JoseErrorKind.Malformed, "n and e"),
        ["RSA, n empty"] = ("""{"kty":"RSA","n":"","e":"AQAB"}""", JoseErrorKind.Malformed, "n and e"),
        ["RSA, n with a zero in front"] = ($$"""{"kty":"RSA","n":"{{JwsMaker.Base64([0, .. ModulusOf(2048)])}}","e":"AQAB"}""", JoseErrorKind.Key, "zero octet"),
        ["RSA, e with a zero in front"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AAEAAQ"}""", JoseErrorKind.Key, "zero octet"),
        ["RSA 1024"] = ($$"""{"kty":"RSA","n":"{{JwsMaker.Base64(ModulusOf(1024))}}","e":"AQAB"}""", JoseErrorKind.Key, "2048 to 8192 bits here, not 1024"),
        ["RSA 2040"] = ($$"""{"kty":"RSA","n":"{{JwsMaker.Base64(ModulusOf(2040))}}","e":"AQAB"}""", JoseErrorKind.Key, "not 2040"),
        ["RSA 8200"] = ($$"""{"kty":"RSA","n":"{{JwsMaker.Base64(ModulusOf(8200))}}","e":"AQAB"}""", JoseErrorKind.Key, "not 8200"),
        ["RSA, even modulus"] = ($$"""{"kty":"RSA","n":"{{JwsMaker.Base64([.. ModulusOf(2048)[..^1], 0xFE])}}","e":"AQAB"}""", JoseErrorKind.Key, "even"),
        ["RSA, e = 1"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AQ"}""", JoseErrorKind.Key, "exponent"),
        ["RSA, e = 3"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"Aw"}""", JoseErrorKind.Key, "exponent"),
        ["RSA, even e"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AQAC"}""", JoseErrorKind.Key, "exponent"),
        ["RSA, e of five octets"] = ($$"""{"kty":"RSA","n":"{{Modulus}}","e":"AQAAAAE"}""", JoseErrorKind.Key, "exponent"),
        ["OKP without crv"] = ($$"""{"kty":"OKP","x":"{{Ed}}"}""", JoseErrorKind.Malformed, "no crv"),
        ["OKP with X25519"] = ($$"""{"kty":"OKP","crv":"X25519","x":"{{Ed}}"}""", JoseErrorKind.Key, "use Ed25519"),
        ["OKP with Ed448"] = ($$"""{"kty":"OKP","crv":"Ed448","x":"{{JwsMaker.Base64(new byte[57])}}"}""", JoseErrorKind.Key, "use Ed25519"),
        ["OKP without x"] = ("""{"kty":"OKP","crv":"Ed25519"}""", JoseErrorKind.Malformed, "x must be there"),
        ["OKP, too short"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64(new byte[31])}}"}""", JoseErrorKind.Key, "32 octets, not 31"),
        ["OKP, no point"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64([2, .. new byte[31]])}}"}""", JoseErrorKind.Key, "point of its curve"),
        ["OKP, the neutral point"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64([1, .. new byte[31]])}}"}""", JoseErrorKind.Key, "small order"),
        ["OKP, of order 4"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64(new byte[32])}}"}""", JoseErrorKind.Key, "small order"),
        ["OKP, of order 8"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64(Convert.FromHexString("26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05"))}}"}""", JoseErrorKind.Key, "small order"),
        ["OKP, not canonical"] = ($$"""{"kty":"OKP","crv":"Ed25519","x":"{{JwsMaker.Base64(Convert.FromHexString("F0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F"))}}"}""", JoseErrorKind.Key, "point of its curve"),
        ["AKP without alg"] = ($$"""{"kty":"AKP","pub":"{{JwsMaker.Base64(new byte[1312])}}"}""", JoseErrorKind.Malformed, "no alg"),
        ["AKP, alg unknown"] = ($$"""{"kty":"AKP","alg":"SLH-DSA-SHA2-128s","pub":"{{JwsMaker.Base64(new byte[32])}}"}""", JoseErrorKind.Key, "ML-DSA-44"),
        ["AKP, alg in lower case"] = ($$"""{"kty":"AKP","alg":"ml-dsa-44","pub":"{{JwsMaker.Base64(new byte[1312])}}"}""", JoseErrorKind.Key, "ML-DSA-44"),
        ["AKP, of another size"] = ($$"""{"kty":"AKP","alg":"ML-DSA-65","pub":"{{JwsMaker.Base64(new byte[1312])}}"}""", JoseErrorKind.Key, "1952 octets, not 1312"),
        ["AKP without pub"] = ("""{"kty":"AKP","alg":"ML-DSA-44"}""", JoseErrorKind.Malformed, "pub must be there"),
    };

    public static TheoryData<string> Cases => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void TryParse_BadKey_IsRefusedWithItsOwnText(string name)
    {
        var (json, kind, text) = Refused[name];
        Assert.False(Jwk.TryParse(Encoding.UTF8.GetBytes(json), out var jwk, out var error));
        Assert.Null(jwk);
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
        Assert.Equal(kind, error.Kind);
        Assert.EndsWith(".", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_NoUtf8_IsRefused()
    {
        Assert.False(Jwk.TryParse([.. "{\"kty\":\"EC\",\"kid\":\""u8, 0xC3, 0x28, .. "\"}"u8], out _, out var error));
        Assert.Contains("UTF-8", error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "y" : "[Y]", "x":"[X]","crv":"P-256","kty":"EC","kid":"a","ext":true,"key_ops":["verify"],"use":"sig","alg":"ES256","x5c":["AAAA"],"nested":{"a":{"a":null}} }""")] // any order, white space, what is not understood
    [InlineData("""{"k\u0074y":"\u0045C","crv":"P\u002d256","x":"[X]","y":"[Y]"}""")] // escapes mean what they stand for
    public void TryParse_AnotherFormOfAKey_IsTheSameKey(string json)
    {
        Assert.True(Jwk.TryParse(Encoding.UTF8.GetBytes(json.Replace("[X]", X).Replace("[Y]", Y)), out var jwk, out var error), error?.Text);
        Assert.Equal($$"""{"crv":"P-256","kty":"EC","x":"{{X}}","y":"{{Y}}"}""", Encoding.ASCII.GetString(jwk.ToCanonicalJson()));
    }

    [Theory]
    [InlineData("AQAB")] // 65537
    [InlineData("_____w")] // 2^32 - 1
    public void TryParse_ExponentsInBounds_AreTaken(string exponent) =>
        Assert.True(Jwk.TryParse(Encoding.UTF8.GetBytes($$"""{"kty":"RSA","n":"{{Modulus}}","e":"{{exponent}}"}"""), out _, out var error), error?.Text);

    [Theory]
    [InlineData(2048, "rsa-2048")]
    [InlineData(2049, "rsa-other")]
    [InlineData(3072, "rsa-3072")]
    [InlineData(8192, "rsa-other")]
    public void TryParse_RsaOfAnySizeInBounds_IsTaken(int bits, string algorithm)
    {
        Assert.True(Jwk.TryParse(Encoding.UTF8.GetBytes($$"""{"kty":"RSA","n":"{{JwsMaker.Base64(ModulusOf(bits))}}","e":"AQAB"}"""), out var jwk, out var error), error?.Text);
        Assert.Equal(algorithm, jwk.Key.Algorithm.Name);
        Assert.DoesNotContain(KeyAlgorithm.RsaOther, KeyAlgorithm.All);
    }

    [Fact]
    public void TryParse_RsaOfOtherSizes_IsForVerificationAlone()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(ModulusOf(5120));
            writer.WriteInteger(65537);
        }

        Assert.True(PublicKey.TryFromKeyBits(KeyAlgorithm.Rsa2048, writer.Encode(), out var key, out var error), error);
        Assert.False(PublicKey.TryParse(key.SubjectPublicKeyInfo, out _, out error));
        Assert.Contains("2048, 3072 or 4096", error, StringComparison.Ordinal);
        Assert.False(PublicKey.TryParseHalf(key.SubjectPublicKeyInfo, out _, out _));
    }

    [Fact]
    public void Of_EveryKindOfKey_ComesBackOrHasNoForm()
    {
        foreach (var algorithm in KeyAlgorithm.All.Where(a => a.Family is AlgorithmFamily.Ecdsa or AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa))
        {
            var key = JwsMaker.Key(algorithm).PublicKey;
            Assert.True(Jwk.HasForm(algorithm));
            Assert.True(Jwk.TryParse(Jwk.Of(key).ToCanonicalJson(), out var jwk, out var error), error?.Text);
            Assert.Equal(key, jwk.Key);
        }

        var none = JwsMaker.Key(KeyAlgorithm.SlhDsaShakeFast128).PublicKey;
        Assert.False(Jwk.HasForm(none.Algorithm));
        Assert.Throws<ArgumentException>(() => Jwk.Of(none));
    }

    // Of no use to anybody: the right number of bits, odd.
    private static byte[] ModulusOf(int bits)
    {
        var modulus = new byte[(bits + 7) / 8];
        modulus.AsSpan().Fill(0x5B);
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        return modulus;
    }
}
