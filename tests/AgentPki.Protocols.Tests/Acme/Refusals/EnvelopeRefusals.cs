using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §6.2 and §6.3: the request as it lies on the wire, before anybody looks into its header.</summary>
internal static class EnvelopeRefusals
{
    public static IEnumerable<AcmeRefusal> All => [.. Media(), .. Methods(), .. Bodies(), .. Signatures()];

    private static IEnumerable<AcmeRefusal> Media() =>
    [
        new("media type application/json", 415, "malformed", Trace.Stranger, w => w.SendBodyAsync(good => good.ToJsonString(), "application/json")),
        new("media type with another one behind it", 415, "malformed", Trace.Stranger, w => w.SendBodyAsync(good => good.ToJsonString(), "application/jose+json, application/json")),
        new("no media type", 415, "malformed", Trace.Stranger, w => w.SendBodyAsync(good => good.ToJsonString(), "")),
        new("body of 300 KiB", 413, "malformed", Trace.Stranger, w => w.SendBodyAsync(good => good.ToJsonString() + new string(' ', 300 * 1024))),
    ];

    private static IEnumerable<AcmeRefusal> Methods() =>
    [
        Method("GET of an order", HttpMethod.Get, async w => (await w.PlaceAsync()).Location!),
        Method("GET of an account", HttpMethod.Get, w => Task.FromResult(w.Client.Account!)),
        Method("PATCH of newOrder", HttpMethod.Patch, w => w.NewOrderAsync()),
        Method("DELETE of an order", HttpMethod.Delete, async w => (await w.PlaceAsync()).Location!),
        Method("PUT of newAccount", HttpMethod.Put, w => w.Client.UrlAsync("newAccount")),
        new("POST to the directory", 405, "malformed", Trace.Stranger, async w => await w.Client.PostAsync((await w.NewOrderAsync()).Replace("new-order", "directory", StringComparison.Ordinal), [])),
    ];

    private static IEnumerable<AcmeRefusal> Bodies() =>
    [
        Body("empty body", _ => ""),
        Body("body that is no JSON", _ => "<xml/>"),
        Body("body cut off", good => good.ToJsonString()[..^5]),
        Body("body with something behind it", good => good.ToJsonString() + "{}"),
        Body("body that is a list", good => $"[{good.ToJsonString()}]"),
        Body("body that is null", _ => "null"),
        Body("compact serialization", good => $"{good["protected"]}.{good["payload"]}.{good["signature"]}"),
        Body("general serialization", good => new JsonObject { ["payload"] = good["payload"]!.ToString(), ["signatures"] = new JsonArray(new JsonObject { ["protected"] = good["protected"]!.ToString(), ["signature"] = good["signature"]!.ToString() }) }.ToJsonString()),
        Body("signatures beside the signature", good => With(good, "signatures", new JsonArray())),
        Body("unprotected header", good => With(good, "header", new JsonObject { ["x"] = "y" })),
        Body("no payload", good => Without(good, "payload")),
        Body("no signature", good => Without(good, "signature")),
        Body("no protected header", good => Without(good, "protected")),
        Body("payload twice", good => good.ToJsonString().Replace("{", $$"""{"payload":"{{good["payload"]}}",""", StringComparison.Ordinal)),
        Body("a member that nobody knows twice", good => good.ToJsonString().Replace("{", """{"x":1,"x":2,""", StringComparison.Ordinal)),
        Body("payload that is an object", good => With(good, "payload", new JsonObject())),
        Body("base64 with padding", good => With(good, "payload", good["payload"] + "=")),
        Body("base64 of the other alphabet", good => With(good, "payload", "ab+/")),
        Body("a BOM before it", good => "\uFEFF" + good.ToJsonString()),
    ];

    private static IEnumerable<AcmeRefusal> Signatures() =>
    [
        Body("payload changed after it was signed", good => With(good, "payload", JwsMaker.Base64(RefusalWorld.OrderOf(("dns", "other.refusals.test")).ToJsonString()))),
        Body("signature changed", good => With(good, "signature", Flip(good["signature"]!.ToString()))),
        Body("signature empty", good => With(good, "signature", "")),
        Body("signature cut off", good => With(good, "signature", good["signature"]!.ToString()[..^4])),
        Body("signature of zeros", good => With(good, "signature", JwsMaker.Base64(new byte[64]))),
        new("signature as DER", 400, "malformed", Trace.Stranger, async w =>
        {
            var url = await w.NewOrderAsync();
            var good = JsonNode.Parse(w.Flat(w.GoodHeader(url, await w.Client.NonceAsync()), "{}"))!.AsObject();
            var input = System.Text.Encoding.ASCII.GetBytes($"{good["protected"]}.{good["payload"]}");
            return await w.Client.SendAsync(url, With(good, "signature", JwsMaker.Base64(w.Client.Key.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))));
        }),
        new("signed by another key", 400, "malformed", Trace.Stranger, async w =>
        {
            using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return await w.Client.PostAsync(await w.NewOrderAsync(), RefusalWorld.Utf8(RefusalWorld.OrderOf(("dns", RefusalWorld.NewName()))), signer: other);
        }),
    ];

    private static AcmeRefusal Body(string name, Func<JsonObject, string> change) => new(name, 400, "malformed", Trace.Stranger, w => w.SendBodyAsync(change));

    private static AcmeRefusal Method(string name, HttpMethod method, Func<RefusalWorld, Task<string>> url) =>
        new(name, 405, "malformed", Trace.Stranger, async w => await w.PlainAsync(method, await url(w))) { HasNonce = false };

    private static string With(JsonObject good, string name, JsonNode value)
    {
        good[name] = value;
        return good.ToJsonString();
    }

    private static string Without(JsonObject good, string name)
    {
        good.Remove(name);
        return good.ToJsonString();
    }

    private static string Flip(string base64) => (base64[0] == 'A' ? 'B' : 'A') + base64[1..];
}
