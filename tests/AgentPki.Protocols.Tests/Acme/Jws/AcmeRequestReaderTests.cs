using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Cryptography.Jose;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Jws;

public sealed class AcmeRequestReaderTests
{
    private static readonly ISigningKey Other = JwsMaker.Key(KeyAlgorithm.EcdsaP256, 1);

    private static readonly Dictionary<string, (Action<AcmeScene> Change, AcmeErrorType Type, string Text)> Refused = new()
    {
        ["no media type"] = (s => s.ContentType = null, AcmeErrorType.Malformed, "media type"),
        ["media type JSON"] = (s => s.ContentType = "application/json", AcmeErrorType.Malformed, "media type"),
        ["media type of compact JOSE"] = (s => s.ContentType = "application/jose", AcmeErrorType.Malformed, "media type"),
        ["media type with something behind"] = (s => s.ContentType = "application/jose+jsonx", AcmeErrorType.Malformed, "media type"),
        ["two media types"] = (s => s.ContentType = "application/jose+json, text/plain", AcmeErrorType.Malformed, "media type"),
        ["no JWS"] = (s => s.Change = _ => """{"termsOfServiceAgreed":true}""", AcmeErrorType.Malformed, "no protected header"),
        ["empty body"] = (s => s.Change = _ => "", AcmeErrorType.Malformed, "not valid JSON"),
        ["too long"] = (s => s.Change = b => b + new string(' ', FlattenedJws.MaximumLength), AcmeErrorType.Malformed, "256 KiB"),
        ["unprotected header"] = (s => s.Change = b => b[..^1] + ",\"header\":{}}", AcmeErrorType.Malformed, "unprotected header"),
        ["alg none"] = (s => s.Alg = "none", AcmeErrorType.BadSignatureAlgorithm, "'none'"),
        ["alg HS256"] = (s => s.Alg = "HS256", AcmeErrorType.BadSignatureAlgorithm, "MAC"),
        ["alg unknown"] = (s => s.Alg = "ES256K", AcmeErrorType.BadSignatureAlgorithm, "'ES256K'"),
        ["alg of another curve"] = (s => s.Alg = "ES384", AcmeErrorType.BadSignatureAlgorithm, "use ES256"),
        ["alg of another family"] = (s => s.Alg = "RS256", AcmeErrorType.BadSignatureAlgorithm, "use ES256"),
        ["alg of another generation"] = (s => s.Alg = "ML-DSA-65", AcmeErrorType.BadSignatureAlgorithm, "use ES256"),
        ["alg twice"] = (s => s.More = ",\"alg\":\"ES256\"", AcmeErrorType.Malformed, "twice"),
        ["crit"] = (s => s.More = ",\"crit\":[\"url\"]", AcmeErrorType.Malformed, "crit"),
        ["no key"] = (s => s.Kid = null, AcmeErrorType.Malformed, "no kid"),
        ["both keys"] = (s => s.Jwk = JwsMaker.JwkOf(AcmeScene.Account), AcmeErrorType.Malformed, "both jwk and kid"),
        ["jwk where kid is wanted"] = (s => (s.Kid, s.Jwk) = (null, JwsMaker.JwkOf(AcmeScene.Account)), AcmeErrorType.Malformed, "account's URL as kid"),
        ["kid where jwk is wanted"] = (s => s.Naming = AcmeKeyNaming.Key, AcmeErrorType.Malformed, "key itself as jwk"),
        ["no key where jwk is wanted"] = (s => (s.Naming, s.Kid) = (AcmeKeyNaming.Key, null), AcmeErrorType.Malformed, "no jwk"),
        ["no key where either is"] = (s => (s.Naming, s.Kid) = (AcmeKeyNaming.Either, null), AcmeErrorType.Malformed, "no kid"),
        ["jwk too small"] = (s => s.AsNewAccount(AcmeScene.Account, "RS256").Jwk = $$"""{"kty":"RSA","e":"AQAB","n":"{{JwsMaker.Base64([0x80, .. Enumerable.Repeat((byte)1, 127)])}}"}""", AcmeErrorType.BadPublicKey, "not 1024"),
        ["jwk private"] = (s => s.AsNewAccount(AcmeScene.Account, "ES256").Jwk = JwsMaker.JwkOf(AcmeScene.Account)[..^1] + ",\"d\":\"AAAA\"}", AcmeErrorType.BadPublicKey, "private key"),
        ["jwk of another curve"] = (s => s.AsNewAccount(AcmeScene.Account, "ES256").Jwk = """{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}""", AcmeErrorType.BadPublicKey, "curve"),
        ["jwk of another algorithm"] = (s => s.AsNewAccount(AcmeScene.Account, "RS256"), AcmeErrorType.BadSignatureAlgorithm, "use ES256"),
        ["jwk of somebody else"] = (s => s.AsNewAccount(AcmeScene.Account, "ES256").Jwk = JwsMaker.JwkOf(Other), AcmeErrorType.Malformed, "does not verify"),
        ["no url"] = (s => s.SignedUrl = null, AcmeErrorType.Malformed, "no url"),
        ["another url"] = (s => s.SignedUrl = "https://ca.example/acme/order/2", AcmeErrorType.Unauthorized, "url is not the one"),
        ["another host"] = (s => s.SignedUrl = "https://evil.example/acme/order/1", AcmeErrorType.Unauthorized, "url is not the one"),
        ["url with a slash more"] = (s => s.SignedUrl = AcmeScene.Url + "/", AcmeErrorType.Unauthorized, "url is not the one"),
        ["url in another case"] = (s => s.SignedUrl = "HTTPS://ca.example/acme/order/1", AcmeErrorType.Unauthorized, "url is not the one"),
        ["url with a port"] = (s => s.SignedUrl = "https://ca.example:443/acme/order/1", AcmeErrorType.Unauthorized, "url is not the one"),
        ["no nonce"] = (s => s.Nonce = null, AcmeErrorType.BadNonce, "no nonce"),
        ["nonce made up"] = (s => s.Nonce = new string('A', 40), AcmeErrorType.BadNonce, "none of this server's"),
        ["nonce of another kind"] = (s => s.Nonce = "xyz", AcmeErrorType.BadNonce, "none of this server's"),
        ["nonce used"] = (s => s.Nonces.TryRedeem(s.Nonce), AcmeErrorType.BadNonce, "used before"),
        ["nonce too old"] = (s => s.Age(TimeSpan.FromHours(2)), AcmeErrorType.BadNonce, "too old"),
        ["nonce not base64url"] = (s => s.Nonce = "a/b+", AcmeErrorType.Malformed, "nonce is not base64url"),
        ["account unknown"] = (s => s.Kid = "https://ca.example/acme/account/abd", AcmeErrorType.AccountDoesNotExist, "no account"),
        ["account's id alone"] = (s => s.Kid = "abc", AcmeErrorType.AccountDoesNotExist, "no account"),
        ["signed by somebody else"] = (s => s.Key = Other, AcmeErrorType.Malformed, "does not verify"),
        ["payload changed"] = (s => s.Change = b => b.Replace("\"payload\":\"e30\"", "\"payload\":\"e31\"", StringComparison.Ordinal), AcmeErrorType.Malformed, "base64url"),
        ["payload exchanged"] = (s => s.Change = b => b.Replace("\"payload\":\"e30\"", "\"payload\":\"W10\"", StringComparison.Ordinal), AcmeErrorType.Malformed, "does not verify"),
        ["payload taken away"] = (s => s.Change = b => b.Replace("\"payload\":\"e30\"", "\"payload\":\"\"", StringComparison.Ordinal), AcmeErrorType.Malformed, "does not verify"),
        ["signature of nothing"] = (s => s.Change = b => JwsMaker.Flat(b.Split('"')[3], "e30", JwsMaker.Base64(new byte[64])), AcmeErrorType.Malformed, "does not verify"),
    };

    public static TheoryData<string> Cases => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ReadAsync_BadRequest_IsRefusedAsItsKind(string name)
    {
        var (change, type, text) = Refused[name];
        var error = await RefusedAsync(new AcmeScene().With(change));
        Assert.Contains(text, error.Detail, StringComparison.Ordinal);
        Assert.Equal(type, error.Type);
        Assert.Equal(text == "media type" ? 415 : name == "too long" ? 413 : null, error.Status);
        if (type == AcmeErrorType.BadSignatureAlgorithm)
        {
            Assert.Equal(error.Detail.EndsWith("use ES256.", StringComparison.Ordinal) ? ["ES256"] : JwsAlgorithm.SignatureNames, error.Algorithms);
        }
        else
        {
            Assert.Empty(error.Algorithms);
        }
    }

    [Theory]
    [InlineData("application/jose+json")]
    [InlineData("Application/JOSE+JSON")]
    [InlineData("application/jose+json; charset=utf-8")]
    public async Task ReadAsync_GoodRequest_IsVerified(string contentType)
    {
        var request = await new AcmeScene { ContentType = contentType, Payload = """{"a":1}""" }.VerifiedAsync();
        Assert.Equal("abc", request.AccountId);
        Assert.Equal(AcmeScene.AccountUrl, request.AccountUrl);
        Assert.Null(request.Jwk);
        Assert.Equal(AcmeScene.Account.PublicKey, request.Key);
        Assert.Equal(AcmeScene.Url, request.Url);
        Assert.Equal("""{"a":1}""", Encoding.UTF8.GetString(request.Payload.Span));
        Assert.False(request.IsPostAsGet);
    }

    [Fact]
    public async Task ReadAsync_EmptyPayload_IsPostAsGetAndAnEmptyObjectIsNot()
    {
        Assert.True((await new AcmeScene { Payload = "" }.VerifiedAsync()).IsPostAsGet);
        Assert.False((await new AcmeScene { Payload = "{}" }.VerifiedAsync()).IsPostAsGet);
    }

    [Theory]
    [InlineData("ES256", "ecdsa-p256")]
    [InlineData("ES384", "ecdsa-p384")]
    [InlineData("RS256", "rsa-2048")]
    [InlineData("EdDSA", "ed25519")]
    [InlineData("Ed25519", "ed25519")]
    [InlineData("ML-DSA-44", "ml-dsa-44")]
    [InlineData("ML-DSA-65", "ml-dsa-65")]
    [InlineData("ML-DSA-87", "ml-dsa-87")]
    public async Task ReadAsync_KeyInTheHeader_IsVerifiedWithIt(string alg, string kind)
    {
        var key = JwsMaker.Key(KeyAlgorithm.Find(kind)!);
        var scene = new AcmeScene().AsNewAccount(key, alg);
        var request = await scene.VerifiedAsync();
        Assert.Equal(alg, request.Algorithm.Name);
        Assert.Null(request.AccountId);
        Assert.Null(request.AccountUrl);
        Assert.Equal(key.PublicKey, request.Key);
        Assert.Equal(key.PublicKey, request.Jwk?.Key);
        Assert.Equal(0, scene.Lookups);
    }

    [Fact]
    public async Task ReadAsync_EitherNaming_TakesBoth()
    {
        Assert.Equal("abc", (await new AcmeScene { Naming = AcmeKeyNaming.Either }.VerifiedAsync()).AccountId);
        Assert.Null((await new AcmeScene().AsNewAccount(Other, "ES256").With(s => s.Naming = AcmeKeyNaming.Either).VerifiedAsync()).AccountId);
    }

    [Fact]
    public async Task ReadAsync_SameRequestTwice_IsABadNonce()
    {
        var scene = new AcmeScene();
        var body = scene.Body();
        Assert.IsType<AcmeRequestResult.Verified>(await scene.SendAsync(body));
        Assert.Equal(AcmeErrorType.BadNonce, Assert.IsType<AcmeRequestResult.Refused>(await scene.SendAsync(body)).Error.Type);
        Assert.Equal(1, scene.Lookups);
    }

    [Fact]
    public async Task ReadAsync_SameRequestAtOnce_IsVerifiedOnce()
    {
        var scene = new AcmeScene();
        var body = scene.Body();
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => scene.SendAsync(body))));
        Assert.Single(results.OfType<AcmeRequestResult.Verified>());
    }

    [Fact]
    public async Task ReadAsync_RefusedBeforeTheNonce_LeavesItGood()
    {
        // A client that sent to the wrong place can send again with the nonce it has.
        var scene = new AcmeScene { SignedUrl = "https://ca.example/acme/order/2" };
        await RefusedAsync(scene);
        scene.SignedUrl = AcmeScene.Url;
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task ReadAsync_WithoutAGoodNonce_AsksForNoAccount()
    {
        var scene = new AcmeScene { Nonce = new string('A', 40) };
        await RefusedAsync(scene);
        Assert.Equal(0, scene.Lookups);
    }

    private static async Task<AcmeRequestError> RefusedAsync(AcmeScene scene) => Assert.IsType<AcmeRequestResult.Refused>(await scene.SendAsync()).Error;
}
