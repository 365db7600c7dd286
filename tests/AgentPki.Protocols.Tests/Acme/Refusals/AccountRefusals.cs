using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §7.3: accounts, their keys, external account binding.</summary>
internal static class AccountRefusals
{
    public static IEnumerable<AcmeRefusal> All => [.. NewAccounts(), .. Keys(), .. Bindings(), .. Updates(), .. KeyChanges(), .. Ended()];

    private static IEnumerable<AcmeRefusal> NewAccounts() =>
    [
        NewAccount("account of nobody", "accountDoesNotExist", """{"onlyReturnExisting":true}"""),
        NewAccount("account with an empty payload", "malformed", ""),
        NewAccount("account whose contacts are a text", "malformed", """{"contact":"mailto:a@b.test"}"""),
        NewAccount("account with a contact that is a number", "malformed", """{"contact":[1]}"""),
        NewAccount("account with a telephone", "unsupportedContact", """{"contact":["tel:+15551"]}"""),
        NewAccount("account with header fields in its contact", "invalidContact", """{"contact":["mailto:a@b.test?subject=x"]}"""),
        NewAccount("account that agrees with a text", "malformed", """{"termsOfServiceAgreed":"yes"}"""),
        NewAccount("account with half of a surrogate pair in its contact", "malformed", """{"contact":["\ud800"]}"""),
        NewAccount("account with a member twice", "malformed", """{"contact":[],"contact":[]}"""),
    ];

    private static IEnumerable<AcmeRefusal> Keys() =>
    [
        Key("key of 1,024 bits", "badPublicKey", "RS256", () =>
        {
            using var weak = RSA.Create(1024);
            var numbers = weak.ExportParameters(false);
            return $$"""{"e":"{{JwsMaker.Base64(numbers.Exponent)}}","kty":"RSA","n":"{{JwsMaker.Base64(numbers.Modulus)}}"}""";
        }),
        Key("key that is no point", "badPublicKey", "ES256", () => $$"""{"crv":"P-256","kty":"EC","x":"{{JwsMaker.Base64(new byte[32])}}","y":"{{JwsMaker.Base64(new byte[32])}}"}"""),
        Key("key on an unknown curve", "badPublicKey", "ES256", () => $$"""{"crv":"secp256k1","kty":"EC","x":"{{JwsMaker.Base64(new byte[32])}}","y":"{{JwsMaker.Base64(new byte[32])}}"}"""),
        Key("key of an unknown kind", "badPublicKey", "ES256", () => """{"kty":"XYZ"}"""),
        new("new account for the key of a certificate", 400, "badPublicKey", Trace.Stranger, async w =>
        {
            await CertifyAsync(w);
            var stranger = w.Server.Client();
            stranger.Key = w.CertificateKey;
            return await stranger.RegisterAsync();
        }),
        Key("key that is a secret", "badPublicKey", "ES256", () => """{"k":"c2VjcmV0","kty":"oct"}"""),
    ];

    private static IEnumerable<AcmeRefusal> Bindings() =>
    [
        Binding("binding with a wrong secret", 403, "unauthorized", (c, url, id, _) => c.Binding(url, id, RandomNumberGenerator.GetBytes(32))),
        Binding("binding with an unknown key", 403, "unauthorized", (c, url, _, secret) => c.Binding(url, "nobody", secret)),
        Binding("binding of another URL", 400, "malformed", (c, url, id, secret) => c.Binding(url + "x", id, secret)),
        Binding("binding of another account key", 400, "malformed", (_, url, id, secret) =>
        {
            using var other = new AcmeTestClient(new HttpClient(), new Uri(url));
            return other.Binding(url, id, secret);
        }),
        Binding("binding without a MAC", 400, "malformed", (c, url, id, _) => JsonNode.Parse(JwsMaker.Flat(
            JwsMaker.Base64($$"""{"alg":"none","kid":"{{id}}","url":"{{url}}"}"""), JwsMaker.Base64(AcmeTestClient.JwkOf(c.Key).ToJsonString()), ""))!),
        Binding("binding with a nonce", 400, "malformed", (c, url, id, secret) => JsonNode.Parse(JwsMaker.Macced(
            secret, $$"""{"alg":"HS256","kid":"{{id}}","nonce":"AAAA","url":"{{url}}"}""", AcmeTestClient.JwkOf(c.Key).ToJsonString()))!),
        Binding("binding that is a text", 400, "malformed", (_, _, id, _) => JsonValue.Create(id)),
    ];

    private static IEnumerable<AcmeRefusal> Updates() =>
    [
        Update("status revoked by its holder", """{"status":"revoked"}"""),
        Update("status that is a number", """{"status":1}"""),
        Update("contact that nobody can write to", """{"contact":["mailto:nobody"]}""", "invalidContact"),
        new("account of another", 403, "unauthorized", Trace.Account, async w => await w.Client.GetAsync((await w.Server.RegisteredAsync()).Account!)),
        new("contacts of another account", 403, "unauthorized", Trace.Account, async w => await w.Client.PostAsync((await w.Server.RegisteredAsync()).Account!, new JsonObject { ["contact"] = new JsonArray() })),
        new("end of another account", 403, "unauthorized", Trace.Account, async w => await w.Client.PostAsync((await w.Server.RegisteredAsync()).Account!, new JsonObject { ["status"] = "deactivated" })),
        new("orders of another account", 403, "unauthorized", Trace.Account, async w => await w.Client.GetAsync((await w.Server.RegisteredAsync()).Account! + "/orders")),
    ];

    // §7.3.5: the inner JWS.
    private static IEnumerable<AcmeRefusal> KeyChanges() =>
    [
        KeyChange("key change to the key of another account", 409, async (w, _) => (await w.Server.RegisteredAsync()).Key),
        KeyChange("key change to its own key", 409, (w, _) => Task.FromResult(w.Client.Key)),
        KeyChange("key change signed by the old key", 400, signer: (w, _) => w.Client.Key),
        KeyChange("key change of another account", 400, account: w => w.Client.Account + "x"),
        KeyChange("key change with a wrong old key", 400, oldKey: (_, fresh) => fresh),
        KeyChange("key change whose inner URL is another", 400, header: h => h with { Url = h.Url + "x" }),
        KeyChange("key change whose inner JWS has a nonce", 400, header: h => h with { Nonce = "AAAA" }),
        KeyChange("key change whose inner JWS names a kid", 400, header: h => h with { Jwk = null, KeyId = "x" }),
        new("key change to the key of a certificate", 400, "badPublicKey", Trace.Account, async w =>
        {
            await CertifyAsync(w);
            var url = await w.Client.UrlAsync("keyChange");
            var payload = RefusalWorld.Utf8(new JsonObject { ["account"] = w.Client.Account, ["oldKey"] = AcmeTestClient.JwkOf(w.Client.Key) });
            return await w.Client.PostAsync(url, System.Text.Encoding.UTF8.GetBytes(AcmeTestClient.Sign(new AcmeTestHeader("ES256", null, url, null, AcmeTestClient.JwkOf(w.CertificateKey)), payload, w.CertificateKey)));
        }),
        new("key change that is no JWS", 400, "malformed", Trace.Account, async w => await w.Client.PostAsync(await w.Client.UrlAsync("keyChange"), new JsonObject { ["account"] = w.Client.Account })),
    ];

    private static IEnumerable<AcmeRefusal> Ended() =>
    [
        AfterItsEnd("order of an ended account", async w => await w.Client.OrderAsync(("dns", RefusalWorld.NewName()))),
        AfterItsEnd("an ended account, read", async w => await w.Client.GetAsync(w.Client.Account!)),
        AfterItsEnd("an ended account, ended again", async w => await w.Client.PostAsync(w.Client.Account!, new JsonObject { ["status"] = "deactivated" })),
        AfterItsEnd("an ended account, made valid", async w => await w.Client.PostAsync(w.Client.Account!, new JsonObject { ["status"] = "valid" })),
        AfterItsEnd("new account for the key of an ended one", Trace.Stranger, async w =>
        {
            w.Client.Account = null;
            return await w.Client.RegisterAsync();
        }),
        new("finalize by an ended account", 401, "unauthorized", Trace.Account, async w =>
        {
            var order = await w.ReadyAsync();
            await EndAsync(w);
            return await w.Client.FinalizeAsync(order, AcmeTestClient.Csr(w.CertificateKey, w.Names));
        }) { EndsAccount = true },
    ];

    private static AcmeRefusal NewAccount(string name, string type, string payload) => new(name, 400, type, Trace.Stranger, async w =>
    {
        var stranger = w.Server.Client();
        return await stranger.PostAsync(await stranger.UrlAsync("newAccount"), System.Text.Encoding.UTF8.GetBytes(payload));
    });

    private static AcmeRefusal Key(string name, string type, string algorithm, Func<string> jwk) => new(name, 400, type, Trace.Stranger, async w => await w.SendHeaderAsync(
        (url, nonce) => $$"""{"alg":"{{algorithm}}","jwk":{{jwk()}},"nonce":"{{nonce}}","url":"{{url}}"}""", await w.Client.UrlAsync("newAccount")));

    private static AcmeRefusal Binding(string name, int status, string type, Func<AcmeTestClient, string, string, byte[], JsonNode> binding) => new(name, status, type, Trace.Stranger, async w =>
    {
        var created = await w.Server.Acme.ExternalKeys.CreateAsync(new NewAcmeExternalKey(null, "team-a", [], [], null, TimeSpan.FromDays(1)), "admin:test", "c", TestContext.Current.CancellationToken);
        var key = Assert.IsType<Outcome<CreatedAcmeExternalKey>.Done>(created).Value;
        var stranger = w.Server.Client();
        var made = binding(stranger, await stranger.UrlAsync("newAccount"), key.Key.Id, System.Buffers.Text.Base64Url.DecodeFromChars(key.Secret));
        return await stranger.RegisterAsync(new JsonObject { ["termsOfServiceAgreed"] = true, ["externalAccountBinding"] = made });
    });

    private static AcmeRefusal Update(string name, string payload, string type = "malformed") =>
        new(name, 400, type, Trace.Account, async w => await w.Client.PostAsync(w.Client.Account!, System.Text.Encoding.UTF8.GetBytes(payload)));

    private static AcmeRefusal KeyChange(
        string name,
        int status,
        Func<RefusalWorld, ECDsa, Task<ECDsa>>? key = null,
        Func<RefusalWorld, ECDsa, ECDsa>? signer = null,
        Func<RefusalWorld, string>? account = null,
        Func<RefusalWorld, ECDsa, ECDsa>? oldKey = null,
        Func<AcmeTestHeader, AcmeTestHeader>? header = null) => new(name, status, "malformed", Trace.Account, async w =>
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var fresh = key is null ? made : await key(w, made);
            var url = await w.Client.UrlAsync("keyChange");
            var payload = RefusalWorld.Utf8(new JsonObject { ["account"] = account?.Invoke(w) ?? w.Client.Account, ["oldKey"] = AcmeTestClient.JwkOf(oldKey?.Invoke(w, fresh) ?? w.Client.Key) });
            var inner = new AcmeTestHeader("ES256", null, url, null, AcmeTestClient.JwkOf(fresh));
            return await w.Client.PostAsync(url, System.Text.Encoding.UTF8.GetBytes(AcmeTestClient.Sign(header?.Invoke(inner) ?? inner, payload, signer?.Invoke(w, fresh) ?? fresh)));
        });

    private static AcmeRefusal AfterItsEnd(string name, Func<RefusalWorld, Task<AcmeTestAnswer>> send) => AfterItsEnd(name, Trace.Account, send);

    // §7.3.6: 401 for all of them.
    private static AcmeRefusal AfterItsEnd(string name, Trace trace, Func<RefusalWorld, Task<AcmeTestAnswer>> send) => new(name, 401, "unauthorized", trace, async w =>
    {
        await EndAsync(w);
        return await send(w);
    }) { EndsAccount = true };

    private static async Task CertifyAsync(RefusalWorld w)
    {
        var order = await w.ReadyAsync();
        Assert.Null((await w.Client.FinalizeAsync(order, AcmeTestClient.Csr(w.CertificateKey, w.Names))).Problem);
        w.Order = null; // it is done
    }

    private static async Task EndAsync(RefusalWorld w) =>
        Assert.Null((await w.Client.PostAsync(w.Client.Account!, new JsonObject { ["status"] = "deactivated" })).Problem);
}
