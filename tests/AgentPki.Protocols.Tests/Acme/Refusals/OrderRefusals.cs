using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §7.4 and §7.5: what cannot be ordered, what is not there, what cannot be answered.</summary>
internal static class OrderRefusals
{
    private const string Absent = "AAAAAAAAAAAAAAAAAAAAAA";

    public static IEnumerable<AcmeRefusal> All => [.. Payloads(), .. Names(), .. Profiles(), .. NotThere(), .. Authorizations()];

    private static IEnumerable<AcmeRefusal> Payloads() =>
    [
        Payload("order with an empty payload", ""),
        Payload("order that is no JSON", "{"),
        Payload("order that is a list", "[]"),
        Payload("order with a member twice", """{"identifiers":[],"identifiers":[{"type":"dns","value":"a.test"}]}"""),
        Payload("order with a name's type twice", """{"identifiers":[{"type":"dns","type":"ip","value":"192.0.2.1"}]}"""),
        Payload("order without names", "{}"),
        Payload("order for no name", """{"identifiers":[]}"""),
        Payload("order whose names are an object", """{"identifiers":{"type":"dns","value":"a.test"}}"""),
        Payload("order whose names are texts", """{"identifiers":["a.test"]}"""),
        Payload("order for a name without a type", """{"identifiers":[{"value":"a.test"}]}"""),
        Payload("order for a name without a value", """{"identifiers":[{"type":"dns"}]}"""),
        Payload("order for a name that is a number", """{"identifiers":[{"type":"dns","value":1}]}"""),
        Payload("order with notAfter", """{"identifiers":[{"type":"dns","value":"a.test"}],"notAfter":"2030-01-01T00:00:00Z"}"""),
        Payload("order for 101 names", RefusalWorld.OrderOf([.. Enumerable.Range(0, 101).Select(i => ("dns", $"n{i}.test"))]).ToJsonString()),
        Payload("order with half of a surrogate pair in a name", """{"identifiers":[{"type":"dns","value":"\ud800"}]}"""),
        Payload("order with half of a surrogate pair in a member's name", """{"identifiers":[{"type":"dns","value":"a.test"}],"\udc00":1}"""),
        Payload("order with half of a surrogate pair in a member nobody knows", """{"identifiers":[{"type":"dns","value":"a.test"}],"x":["\ud800\ud800"]}"""),
        Octets("order with octets that are no UTF-8", [.. "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a"u8, 0xff, .. ".test\"}]}"u8]),
        Octets("order with a surrogate in UTF-8", [.. "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}],\"x\":\""u8, 0xed, 0xa0, 0x80, .. "\"}"u8]),
        Payload("order nested 40 deep", $$"""{"x":{{new string('[', 40)}}{{new string(']', 40)}}}"""),
    ];

    private static IEnumerable<AcmeRefusal> Names() =>
    [
        Name("type that nobody knows", "unsupportedIdentifier", "email", "a@b.test"),
        Name("type in capitals", "unsupportedIdentifier", "DNS", "a.test"),
        Name("U-label", "malformed", "dns", "bücher.test"),
        Name("A-label that is none", "malformed", "dns", "xn--a-.test"),
        Name("name with a dot at its end", "malformed", "dns", "a.test."),
        Name("name with an empty label", "malformed", "dns", "a..test"),
        Name("name with a space", "malformed", "dns", "a b.test"),
        Name("name with an underscore", "malformed", "dns", "a_b.test"),
        Name("name with a port", "malformed", "dns", "a.test:443"),
        Name("name that is a URL", "malformed", "dns", "https://a.test/"),
        Name("name with a NUL", "malformed", "dns", "a.test\0.evil.test"),
        Name("label of 64 characters", "malformed", "dns", new string('a', 64) + ".test"),
        Name("name of 254 characters", "malformed", "dns", string.Join('.', Enumerable.Repeat(new string('a', 49), 5)) + ".test"),
        Name("address as a DNS name", "malformed", "dns", "192.0.2.1"),
        Name("asterisk alone", "malformed", "dns", "*"),
        Name("wildcard within a label", "malformed", "dns", "a*.b.test"),
        Name("wildcard not at the left", "malformed", "dns", "a.*.b.test"),
        Name("wildcard of a wildcard", "malformed", "dns", "*.*.b.test"),
        Name("wildcard of a top-level domain", "malformed", "dns", "*.test"),
        Name("IPv4 address with leading zeros", "malformed", "ip", "192.0.2.01"),
        Name("IPv4 address as one number", "malformed", "ip", "3221225985"),
        Name("IPv4 address in an IPv6 form", "malformed", "ip", "::ffff:192.0.2.1"),
        Name("IPv6 address with a zone", "malformed", "ip", "fe80::1%eth0"),
        Name("IPv6 address in brackets", "malformed", "ip", "[2001:db8::1]"),
        Name("network", "malformed", "ip", "192.0.2.0/24"),
        Name("DNS name as an address", "malformed", "ip", "a.test"),
        Name("SPIFFE ID of another trust domain", "rejectedIdentifier", "spiffe", "spiffe://evil.test/agent/a"),
        Name("SPIFFE ID of an account", "rejectedIdentifier", "spiffe", "spiffe://agents.test/agent/acme/x"),
        Name("SPIFFE ID that nobody can prove", "rejectedIdentifier", "spiffe", "spiffe://agents.test/agent/a"),
        Name("permanent identifier that nobody can prove", "rejectedIdentifier", "permanent-identifier", "serial-1"),
        Ordered("two SPIFFE IDs", "rejectedIdentifier", w => w.Client.OrderAsync(("spiffe", "spiffe://agents.test/agent/a"), ("spiffe", "spiffe://agents.test/agent/b"))),
    ];

    private static IEnumerable<AcmeRefusal> Profiles() =>
    [
        Ordered("profile that is not there", "invalidProfile", w => w.Client.OrderAsync("nothing", null, ("dns", RefusalWorld.NewName()))),
        Ordered("profile of no text", "malformed", async w => await w.Client.PostAsync(await w.NewOrderAsync(), Encoding.UTF8.GetBytes("""{"identifiers":[{"type":"dns","value":"a.test"}],"profile":1}"""))),
        Ordered("replaces that is no certificate's name", "malformed", w => w.Client.OrderAsync(null, "abc", ("dns", RefusalWorld.NewName()))),
        Ordered("replaces a certificate that was never issued", "malformed", w => w.Client.OrderAsync(null, "AAAA.AAAA", ("dns", RefusalWorld.NewName()))),
    ];

    private static IEnumerable<AcmeRefusal> NotThere() =>
    [
        Missing("order that is not there", (order, _) => order.Replace(Id(order), Absent, StringComparison.Ordinal)),
        Missing("order with an id of another length", (order, _) => order[..^1]),
        Missing("order whose id is a path", (order, _) => order.Replace(Id(order), "..%2f" + Id(order), StringComparison.Ordinal)),
        Missing("authorization that is not there", (_, authorization) => authorization.Replace(Id(authorization), Absent, StringComparison.Ordinal)),
        Missing("certificate of an order without one", (order, _) => order.Replace("/order/", "/certificate/", StringComparison.Ordinal)),
        Missing("challenge of another type", (_, authorization) => authorization.Replace("/authz/", "/challenge/", StringComparison.Ordinal) + "/tls-sni-01"),
        Foreign("order of another account", other => Task.FromResult(other.Order!.Location!)),
        Foreign("authorization of another account", async other => (await other.ChallengeAsync(other.Order!)).Authorization),
        Foreign("challenge of another account", async other => (await other.ChallengeAsync(other.Order!)).Challenge),
        new("finalize of another account's order", 404, "malformed", Trace.Account, async w =>
        {
            var other = await RefusalWorld.NewAsync(w.Server);
            return await w.Client.FinalizeAsync(await other.ReadyAsync(), AcmeTestClient.Csr(w.CertificateKey, other.Names));
        }),
    ];

    private static IEnumerable<AcmeRefusal> Authorizations() =>
    [
        Authorized("authorization made valid by its holder", 400, (w, url, _) => w.Client.PostAsync(url, new JsonObject { ["status"] = "valid" })),
        Authorized("authorization with an empty object", 400, (w, url, _) => w.Client.PostAsync(url, [])),
        Authorized("challenge answered with a list", 400, (w, _, challenge) => w.Client.PostAsync(challenge, Encoding.UTF8.GetBytes("[]"))),
        Authorized("challenge answered with no JSON", 400, (w, _, challenge) => w.Client.PostAsync(challenge, Encoding.UTF8.GetBytes("ready"))),
        Authorized("challenge answered with half of a surrogate pair", 400, (w, _, challenge) => w.Client.PostAsync(challenge, Encoding.UTF8.GetBytes("""{"tkauth":"\ud800","attObj":"\ud800"}"""))),
        Authorized("challenge answered with octets that are no UTF-8", 400, (w, _, challenge) => w.Client.PostAsync(challenge, [.. "{\"attObj\":\""u8, 0xc0, 0x80, .. "\"}"u8])),
        Authorized("challenge answered with a member twice", 400, (w, _, challenge) => w.Client.PostAsync(challenge, Encoding.UTF8.GetBytes("""{"a":1,"a":2}"""))),
        Ordered("authorization of a wildcard before an order", "malformed", w => PreauthorizeAsync(w, "dns", "*.a.test")),
        Ordered("authorization of an unknown type before an order", "unsupportedIdentifier", w => PreauthorizeAsync(w, "email", "a@b.test")),
        Ordered("authorization of no name before an order", "malformed", async w => await w.Client.PostAsync(await w.Client.UrlAsync("newAuthz"), [])),
        Ordered("authorization ended twice", "malformed", async w =>
        {
            var (url, _) = await w.ChallengeAsync(await w.PlaceAsync());
            w.Order = null; // it ends with its authorization
            Assert.Null((await w.Client.PostAsync(url, new JsonObject { ["status"] = "deactivated" })).Problem);
            return await w.Client.PostAsync(url, new JsonObject { ["status"] = "deactivated" });
        }),
    ];

    private static AcmeRefusal Ordered(string name, string type, Func<RefusalWorld, Task<AcmeTestAnswer>> send) => new(name, 400, type, Trace.Account, send);

    private static AcmeRefusal Payload(string name, string payload) => Ordered(name, "malformed", async w => await w.Client.PostAsync(await w.NewOrderAsync(), Encoding.UTF8.GetBytes(payload)));

    private static AcmeRefusal Octets(string name, byte[] payload) => Ordered(name, "malformed", async w => await w.Client.PostAsync(await w.NewOrderAsync(), payload));

    private static AcmeRefusal Name(string name, string problem, string type, string value) => Ordered($"order for a {name}", problem, w => w.Client.OrderAsync((type, value)));

    private static AcmeRefusal Missing(string name, Func<string, string, string> url) => new(name, 404, "malformed", Trace.Account, async w =>
    {
        var order = await w.PlaceAsync();
        return await w.Client.GetAsync(url(order.Location!, order.Json["authorizations"]![0]!.ToString()));
    });

    private static AcmeRefusal Foreign(string name, Func<RefusalWorld, Task<string>> url) => new(name, 404, "malformed", Trace.Account, async w =>
    {
        var other = await RefusalWorld.NewAsync(w.Server);
        await other.PlaceAsync();
        return await w.Client.GetAsync(await url(other));
    });

    private static AcmeRefusal Authorized(string name, int status, Func<RefusalWorld, string, string, Task<AcmeTestAnswer>> send) => new(name, status, "malformed", Trace.Account, async w =>
    {
        var (authorization, challenge) = await w.ChallengeAsync(await w.PlaceAsync());
        return await send(w, authorization, challenge);
    });

    private static async Task<AcmeTestAnswer> PreauthorizeAsync(RefusalWorld w, string type, string value) =>
        await w.Client.PostAsync(await w.Client.UrlAsync("newAuthz"), new JsonObject { ["identifier"] = new JsonObject { ["type"] = type, ["value"] = value } });

    private static string Id(string url) => url.Split('/')[^1];
}
