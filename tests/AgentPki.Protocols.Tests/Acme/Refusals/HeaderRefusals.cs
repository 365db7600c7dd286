using System.Security.Cryptography;
using System.Text;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §6.2, §6.4 and §6.5: algorithm, key, URL and nonce.</summary>
internal static class HeaderRefusals
{
    public static IEnumerable<AcmeRefusal> All => [.. Nonces(), .. Urls(), .. Keys(), .. Algorithms(), .. Others()];

    private static IEnumerable<AcmeRefusal> Nonces() =>
    [
        Header("nonce missing", "badNonce", (w, url, _) => $$"""{"alg":"ES256","kid":"{{w.Client.Account}}","url":"{{url}}"}"""),
        Header("nonce of nobody's", "badNonce", (w, url, _) => w.GoodHeader(url, JwsMaker.Base64(RandomNumberGenerator.GetBytes(32)))),
        Header("nonce cut off", "badNonce", (w, url, nonce) => w.GoodHeader(url, nonce[..^4])),
        Header("nonce that is no base64url", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce[..^1] + "+")), // §6.5.2
        Header("nonce that is a number", "malformed", (w, url, _) => $$"""{"alg":"ES256","kid":"{{w.Client.Account}}","nonce":7,"url":"{{url}}"}"""),
        Header("nonce twice", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce)[..^1] + $$""","nonce":"{{nonce}}"}"""),
        new("nonce used before", 400, "badNonce", Trace.Stranger, async w =>
        {
            var nonce = await w.Client.NonceAsync();
            var payload = RefusalWorld.Utf8(RefusalWorld.OrderOf(("dns", RefusalWorld.NewName())));
            Assert.Null((await w.Client.PostAsync(await w.NewOrderAsync(), payload, header => header with { Nonce = nonce })).Problem);
            return await w.Client.PostAsync(await w.NewOrderAsync(), payload, header => header with { Nonce = nonce });
        }),
        new("nonce used before in a request that was refused", 400, "badNonce", Trace.Stranger, async w =>
        {
            var nonce = await w.Client.NonceAsync();
            Assert.Equal("accountDoesNotExist", (await w.Client.PostAsync(await w.NewOrderAsync(), [], header => header with { Nonce = nonce, KeyId = header.KeyId + "x" })).Problem);
            return await w.Client.PostAsync(await w.NewOrderAsync(), [], header => header with { Nonce = nonce });
        }),
        new("nonce of another server", 400, "badNonce", Trace.Stranger, async w =>
        {
            await using var other = await AcmeServer.StartAsync();
            var nonce = await other.Client().NonceAsync();
            return await w.Client.PostAsync(await w.NewOrderAsync(), [], header => header with { Nonce = nonce });
        }),
    ];

    // §6.4: "unauthorized" for a URL that is not the one that was asked.
    private static IEnumerable<AcmeRefusal> Urls() =>
    [
        Header("url missing", "malformed", (w, _, nonce) => $$"""{"alg":"ES256","kid":"{{w.Client.Account}}","nonce":"{{nonce}}"}"""),
        Url("url of another resource", url => url.Replace("new-order", "new-authz", StringComparison.Ordinal)),
        Url("url of another host", url => url.Replace(new Uri(url).Host, "elsewhere.test", StringComparison.Ordinal)),
        Url("url of another port", url => url.Replace($":{new Uri(url).Port}", ":1", StringComparison.Ordinal)),
        Url("url of another scheme", url => url.Replace("https:", "http:", StringComparison.Ordinal)),
        Url("url with a slash at its end", url => url + "/"),
        Url("url with a query", url => url + "?a"),
        Url("url in capitals", url => url.Replace("new-order", "NEW-ORDER", StringComparison.Ordinal)),
        Url("url without a host", url => new Uri(url).AbsolutePath),
    ];

    private static IEnumerable<AcmeRefusal> Keys() =>
    [
        Header("kid and jwk both", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce)[..^1] + $$""","jwk":{{w.Jwk}}}"""),
        Header("neither kid nor jwk", "malformed", (_, url, nonce) => $$"""{"alg":"ES256","nonce":"{{nonce}}","url":"{{url}}"}"""),
        Header("jwk where kid is wanted", "malformed", (w, url, nonce) => $$"""{"alg":"ES256","jwk":{{w.Jwk}},"nonce":"{{nonce}}","url":"{{url}}"}"""),
        new("kid where jwk is wanted", 400, "malformed", Trace.Stranger, async w => await w.SendHeaderAsync((url, nonce) => w.GoodHeader(url, nonce), await w.Client.UrlAsync("newAccount"))),
        Kid("kid of no account", kid => kid[..^22] + "AAAAAAAAAAAAAAAAAAAAAA"),
        Kid("kid that is an id alone", kid => kid.Split('/')[^1]),
        Kid("kid that is a path alone", kid => new Uri(kid).AbsolutePath),
        Kid("kid of another host", kid => kid.Replace(new Uri(kid).Host, "elsewhere.test", StringComparison.Ordinal)),
        Kid("kid with something behind it", kid => kid + "/orders"),
        Header("kid that is a number", "malformed", (_, url, nonce) => $$"""{"alg":"ES256","kid":7,"nonce":"{{nonce}}","url":"{{url}}"}"""),
        new("kid of another account", 400, "malformed", Trace.Stranger, async w =>
        {
            var other = await w.Server.RegisteredAsync();
            return await w.Client.PostAsync(await w.NewOrderAsync(), RefusalWorld.Utf8(RefusalWorld.OrderOf(("dns", RefusalWorld.NewName()))), header => header with { KeyId = other.Account });
        }),
    ];

    // §6.2: badSignatureAlgorithm, which lists what would be taken.
    private static IEnumerable<AcmeRefusal> Algorithms() =>
    [
        Header("alg missing", "malformed", (w, url, nonce) => $$"""{"kid":"{{w.Client.Account}}","nonce":"{{nonce}}","url":"{{url}}"}"""),
        Algorithm("none"),
        Algorithm("NONE"),
        Algorithm("HS256"),
        Algorithm("ES256K"),
        Algorithm("es256"),
        Algorithm("ES384"),
        Algorithm("RS256"),
        Algorithm("EdDSA"),
        Algorithm("ML-DSA-65"),
        new("HS256 with the public key as secret", 400, "badSignatureAlgorithm", Trace.Stranger, async w =>
        {
            var url = await w.NewOrderAsync();
            return await w.Client.SendAsync(url, JwsMaker.Macced(w.Client.Key.ExportSubjectPublicKeyInfo(), w.GoodHeader(url, await w.Client.NonceAsync()).Replace("ES256", "HS256", StringComparison.Ordinal), "{}"));
        }),
    ];

    private static IEnumerable<AcmeRefusal> Others() =>
    [
        Header("crit that nobody knows", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce)[..^1] + ""","crit":["exp"],"exp":1}"""),
        Header("b64 false", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce)[..^1] + ""","crit":["b64"],"b64":false}"""),
        Header("header that is a list", "malformed", (_, _, _) => "[]"),
        Header("header that is no JSON", "malformed", (_, _, _) => "alg=ES256"),
        Header("alg twice", "malformed", (w, url, nonce) => w.GoodHeader(url, nonce)[..^1] + ""","alg":"ES256"}"""),
        new("header of 40 KiB", 413, "malformed", Trace.Stranger, w => w.SendHeaderAsync((url, nonce) => w.GoodHeader(url, nonce)[..^1] + $$""","x":"{{new string('x', 40 * 1024)}}"}""")),
    ];

    private static AcmeRefusal Header(string name, string type, Func<RefusalWorld, string, string, string> header) =>
        new(name, 400, type, Trace.Stranger, w => w.SendHeaderAsync((url, nonce) => header(w, url, nonce)));

    private static AcmeRefusal Url(string name, Func<string, string> change) =>
        new(name, 403, "unauthorized", Trace.Stranger, w => w.SendHeaderAsync((url, nonce) => w.GoodHeader(change(url), nonce)));

    private static AcmeRefusal Kid(string name, Func<string, string> change) =>
        new(name, 400, "accountDoesNotExist", Trace.Stranger, async w => await w.Client.PostAsync(await w.NewOrderAsync(), Encoding.UTF8.GetBytes("{}"), header => header with { KeyId = change(header.KeyId!) }));

    private static AcmeRefusal Algorithm(string name) =>
        new($"alg {name} for a P-256 key", 400, "badSignatureAlgorithm", Trace.Stranger, w => w.SendHeaderAsync((url, nonce) => w.GoodHeader(url, nonce).Replace("ES256", name, StringComparison.Ordinal)));
}
