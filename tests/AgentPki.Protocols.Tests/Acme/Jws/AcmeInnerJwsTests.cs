using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Jws;

/// <summary>The JWS within a JWS: key change (RFC 8555 §7.3.5) and external account binding (§7.3.4).</summary>
public sealed class AcmeInnerJwsTests
{
    private static readonly ISigningKey NewKey = JwsMaker.Key(KeyAlgorithm.MlDsa44);
    private static readonly ISigningKey Other = JwsMaker.Key(KeyAlgorithm.EcdsaP256, 1);
    private static readonly string OldJwk = JwsMaker.JwkOf(AcmeScene.Account);
    private static readonly string NewJwk = JwsMaker.JwkOf(NewKey);
    private static readonly string Change = $$"""{"account":"{{AcmeScene.AccountUrl}}","oldKey":{{OldJwk}}}""";
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];

    private static readonly Dictionary<string, (string Inner, AcmeErrorType Type, string Text)> BadChanges = new()
    {
        ["no JWS"] = ("{}", AcmeErrorType.Malformed, "In the inner JWS of the key change: The JWS has no protected"),
        ["kid instead of jwk"] = (Inner($$"""{"alg":"ML-DSA-44","kid":"a","url":"{{AcmeScene.Url}}"}""", Change), AcmeErrorType.Malformed, "as jwk"),
        ["no url"] = (Inner($$$"""{"alg":"ML-DSA-44","jwk":{{{NewJwk}}}}""", Change), AcmeErrorType.Malformed, "same url"),
        ["another url"] = (Inner($$$"""{"alg":"ML-DSA-44","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}2"}""", Change), AcmeErrorType.Malformed, "same url"),
        ["a nonce"] = (Inner($$$"""{"alg":"ML-DSA-44","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}","nonce":"AAAA"}""", Change), AcmeErrorType.Malformed, "no nonce"),
        ["alg none"] = (Inner($$$"""{"alg":"none","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}"}""", Change), AcmeErrorType.BadSignatureAlgorithm, "'none'"),
        ["alg HS256"] = (Inner($$$"""{"alg":"HS256","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}"}""", Change), AcmeErrorType.BadSignatureAlgorithm, "MAC"),
        ["alg of another key"] = (Inner($$$"""{"alg":"ES256","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}"}""", Change), AcmeErrorType.BadSignatureAlgorithm, "ES256"),
        ["signed by the old key"] = (JwsMaker.Signed(AcmeScene.Account, $$$"""{"alg":"ES256","jwk":{{{JwsMaker.JwkOf(Other)}}},"url":"{{{AcmeScene.Url}}}"}""", Change), AcmeErrorType.Malformed, "not signed by the new key"),
        ["new key too small"] = (Inner($$$"""{"alg":"RS256","jwk":{"kty":"RSA","e":"AQAB","n":"gQ"},"url":"{{{AcmeScene.Url}}}"}""", Change), AcmeErrorType.BadPublicKey, "RSA keys have"),
        ["no payload"] = (Good(""), AcmeErrorType.Malformed, "not valid JSON"),
        ["payload an array"] = (Good("[]"), AcmeErrorType.Malformed, "not a JSON object"),
        ["no account"] = (Good($$$"""{"oldKey":{{{OldJwk}}}}"""), AcmeErrorType.Malformed, "account and oldKey"),
        ["no oldKey"] = (Good($$"""{"account":"{{AcmeScene.AccountUrl}}"}"""), AcmeErrorType.Malformed, "account and oldKey"),
        ["account a number"] = (Good($$$"""{"account":1,"oldKey":{{{OldJwk}}}}"""), AcmeErrorType.Malformed, "is no URL"),
        ["another account"] = (Good(Change.Replace("abc", "abd", StringComparison.Ordinal)), AcmeErrorType.Malformed, "not the one that the outer JWS names"),
        ["account twice"] = (Good($$$"""{"account":"a","account":"{{{AcmeScene.AccountUrl}}}","oldKey":{{{OldJwk}}}}"""), AcmeErrorType.Malformed, "twice"),
        ["oldKey twice"] = (Good($$$"""{"account":"{{{AcmeScene.AccountUrl}}}","oldKey":{{{OldJwk}}},"oldKey":{{{OldJwk}}}}"""), AcmeErrorType.Malformed, "twice"),
        ["another oldKey"] = (Good(Change.Replace(OldJwk, JwsMaker.JwkOf(Other), StringComparison.Ordinal)), AcmeErrorType.Malformed, "oldKey is not the account's key"),
        ["oldKey is the new key"] = (Good(Change.Replace(OldJwk, NewJwk, StringComparison.Ordinal)), AcmeErrorType.Malformed, "oldKey is not the account's key"),
        ["oldKey private"] = (Good(Change.Replace(OldJwk, OldJwk[..^1] + ",\"d\":\"AAAA\"}", StringComparison.Ordinal)), AcmeErrorType.BadPublicKey, "private key"),
    };

    private static readonly Dictionary<string, (string Binding, string Text)> BadBindings = new()
    {
        ["no JWS"] = ("{}", "no protected"),
        ["no kid"] = (Mac($$"""{"alg":"HS256","url":"{{AcmeScene.Url}}"}""", OldJwk), "by kid"),
        ["a jwk"] = (Mac($$$"""{"alg":"HS256","jwk":{{{OldJwk}}},"url":"{{{AcmeScene.Url}}}"}""", OldJwk), "has a jwk"),
        ["a nonce"] = (Mac($$"""{"alg":"HS256","kid":"eab","nonce":"AAAA","url":"{{AcmeScene.Url}}"}""", OldJwk), "no nonce"),
        ["no url"] = (Mac("""{"alg":"HS256","kid":"eab"}""", OldJwk), "same url"),
        ["another url"] = (Mac($$"""{"alg":"HS256","kid":"eab","url":"{{AcmeScene.Url}}/"}""", OldJwk), "same url"),
        ["alg none"] = (Mac($$"""{"alg":"none","kid":"eab","url":"{{AcmeScene.Url}}"}""", OldJwk), "'none'"),
        ["alg HS512"] = (Mac($$"""{"alg":"HS512","kid":"eab","url":"{{AcmeScene.Url}}"}""", OldJwk), "'HS512'"),
        ["alg ES256"] = (JwsMaker.Signed(AcmeScene.Account, $$"""{"alg":"ES256","kid":"eab","url":"{{AcmeScene.Url}}"}""", OldJwk), "a MAC is wanted"),
        ["payload empty"] = (Mac($$"""{"alg":"HS256","kid":"eab","url":"{{AcmeScene.Url}}"}""", ""), "not valid JSON"),
        ["payload another key"] = (Mac($$"""{"alg":"HS256","kid":"eab","url":"{{AcmeScene.Url}}"}""", JwsMaker.JwkOf(Other)), "key of the outer JWS"),
        ["payload no key"] = (Mac($$"""{"alg":"HS256","kid":"eab","url":"{{AcmeScene.Url}}"}""", "{}"), "no kty"),
    };

    public static TheoryData<string> Changes => [.. BadChanges.Keys];

    public static TheoryData<string> Bindings => [.. BadBindings.Keys];

    [Fact]
    public async Task KeyChange_Good_GivesTheNewKey()
    {
        var outer = await new AcmeScene { Payload = Good(Change) }.VerifiedAsync();
        Assert.True(AcmeKeyChange.TryRead(outer, JwsMaker.Providers, out var change, out var error), error?.Detail);
        Assert.Equal(NewKey.PublicKey, change.NewKey.Key);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task KeyChange_Bad_IsRefusedAsItsKind(string name)
    {
        var (inner, type, text) = BadChanges[name];
        var outer = await new AcmeScene { Payload = inner }.VerifiedAsync();
        Assert.False(AcmeKeyChange.TryRead(outer, JwsMaker.Providers, out var change, out var error));
        Assert.Null(change);
        Assert.Contains(text, error.Detail, StringComparison.Ordinal);
        Assert.Equal(type, error.Type);
    }

    [Fact]
    public async Task KeyChange_PayloadMutated_IsRefusedOrMeansTheSame()
    {
        // Signed anew each time: what the new key's owner says may be anything.
        var outer = await new AcmeScene().VerifiedAsync();
        var good = Encoding.UTF8.GetBytes(Change);
        var random = new Random(3);
        for (var round = 0; round < 600; round++)
        {
            byte[] payload = round < good.Length ? good[..round] : [.. good];
            if (round >= good.Length)
            {
                payload[random.Next(payload.Length)] = (byte)random.Next(256);
            }

            var (header, body) = (JwsMaker.Base64($$$"""{"alg":"ES256","jwk":{{{JwsMaker.JwkOf(Other)}}},"url":"{{{AcmeScene.Url}}}"}"""), JwsMaker.Base64(payload));
            var inner = JwsMaker.Flat(header, body, JwsMaker.Base64(JwsMaker.Sign(Other, $"{header}.{body}")));
            var taken = AcmeKeyChange.TryRead(outer with { Payload = Encoding.ASCII.GetBytes(inner) }, JwsMaker.Providers, out _, out var error);
            Assert.True(taken == (error is null) && (!taken || payload.Length == good.Length), $"round {round}: {Encoding.UTF8.GetString(payload)}");
        }
    }

    [Fact]
    public async Task ExternalBinding_Good_VerifiesWithItsSecretAlone()
    {
        var outer = await new AcmeScene().AsNewAccount(AcmeScene.Account, "ES256").VerifiedAsync();
        var jws = Mac($$"""{"alg":"HS256","kid":"eab-1","url":"{{AcmeScene.Url}}"}""", OldJwk);
        Assert.True(AcmeExternalBinding.TryRead(Encoding.UTF8.GetBytes(jws), outer, out var binding, out var error), error?.Detail);
        Assert.Equal("eab-1", binding.KeyId);
        Assert.True(binding.Verify(Secret));
        Assert.False(binding.Verify([.. Secret[..31], 1]));
        Assert.False(binding.Verify([]));
        Assert.Equal(AcmeErrorType.Unauthorized, AcmeExternalBinding.Refusal.Type);
    }

    [Fact]
    public async Task ExternalBinding_ChangedAfterwards_DoesNotVerify()
    {
        var outer = await new AcmeScene().AsNewAccount(AcmeScene.Account, "ES256").VerifiedAsync();
        var header = $$"""{"alg":"HS256","kid":"eab-1","url":"{{AcmeScene.Url}}"}""";
        var jws = Mac(header, OldJwk).Replace(JwsMaker.Base64(header), JwsMaker.Base64(header.Replace("eab-1", "eab-2", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.True(AcmeExternalBinding.TryRead(Encoding.UTF8.GetBytes(jws), outer, out var binding, out _));
        Assert.Equal("eab-2", binding.KeyId);
        Assert.False(binding.Verify(Secret));
    }

    [Theory]
    [MemberData(nameof(Bindings))]
    public async Task ExternalBinding_Bad_IsMalformed(string name)
    {
        var (jws, text) = BadBindings[name];
        var outer = await new AcmeScene().AsNewAccount(AcmeScene.Account, "ES256").VerifiedAsync();
        Assert.False(AcmeExternalBinding.TryRead(Encoding.UTF8.GetBytes(jws), outer, out var binding, out var error));
        Assert.Null(binding);
        Assert.Contains(text, error.Detail, StringComparison.Ordinal);
        Assert.Equal(AcmeErrorType.Malformed, error.Type);
        Assert.Empty(error.Algorithms);
    }

    private static string Inner(string header, string payload) => JwsMaker.Signed(NewKey, header, payload);

    private static string Good(string payload) => Inner($$$"""{"alg":"ML-DSA-44","jwk":{{{NewJwk}}},"url":"{{{AcmeScene.Url}}}"}""", payload);

    private static string Mac(string header, string payload) => JwsMaker.Macced(Secret, header, payload);
}
