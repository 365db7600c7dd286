using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>What wrong requests are made from: a client with an account of its own on a server that others use too.</summary>
internal sealed class RefusalWorld(AcmeServer server, AcmeTestClient client)
{
    private static int made;

    public AcmeServer Server => server;

    public AcmeTestClient Client => client;

    /// <summary>An order that the row must leave as it is; it is finished afterwards, to see that it can be.</summary>
    public AcmeTestAnswer? Order { get; set; }

    /// <summary>A DNS name and the order of <see cref="Order"/>.</summary>
    public (string Type, string Value)[] Names { get; set; } = [];

    /// <summary>What the account's certificates are asked for with.</summary>
    public ECDsa CertificateKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static string NewName() => $"n{Interlocked.Increment(ref made)}.refusals.test";

    public static async Task<RefusalWorld> NewAsync(AcmeServer server) => new(server, await server.RegisteredAsync());

    /// <summary>A good order's payload.</summary>
    public static JsonObject OrderOf(params (string Type, string Value)[] names) =>
        new() { ["identifiers"] = new JsonArray([.. names.Select(n => (JsonNode)new JsonObject { ["type"] = n.Type, ["value"] = n.Value })]) };

    public static byte[] Utf8(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    public Task<string> NewOrderAsync() => client.UrlAsync("newOrder");

    /// <summary>Places an order, for a new name unless told which, and keeps it.</summary>
    public async Task<AcmeTestAnswer> PlaceAsync(params (string Type, string Value)[] names)
    {
        Names = names.Length > 0 ? names : [("dns", NewName())];
        var placed = await client.OrderAsync(Names);
        Assert.True(placed.Problem is null, placed.ToString());
        return Order = placed;
    }

    /// <summary>The same, with every name authorized.</summary>
    public async Task<AcmeTestAnswer> ReadyAsync(params (string Type, string Value)[] names)
    {
        var ready = await client.AuthorizeAsync(await PlaceAsync(names));
        Assert.Equal("ready", ready.Json["status"]!.ToString());
        return Order = ready;
    }

    /// <summary>The URL of the first authorization of an order, and of its http-01 challenge.</summary>
    public async Task<(string Authorization, string Challenge)> ChallengeAsync(AcmeTestAnswer order)
    {
        var url = order.Json["authorizations"]![0]!.ToString();
        return (url, AcmeTestClient.ChallengeOf(await client.GetAsync(url), "http-01"));
    }

    /// <summary>A request whose protected header is this text, signed as it is by the client's key.</summary>
    public async Task<AcmeTestAnswer> SendHeaderAsync(Func<string, string, string> header, string? url = null)
    {
        url ??= await NewOrderAsync();
        return await client.SendAsync(url, Flat(header(url, await client.NonceAsync()), OrderOf(("dns", NewName())).ToJsonString()));
    }

    /// <summary>A body of its own making.</summary>
    public async Task<AcmeTestAnswer> SendBodyAsync(Func<JsonObject, string> body, string contentType = "application/jose+json")
    {
        var url = await NewOrderAsync();
        var good = JsonNode.Parse(Flat(GoodHeader(url, await client.NonceAsync()), OrderOf(("dns", NewName())).ToJsonString()))!.AsObject();
        return await client.SendAsync(url, body(good), contentType);
    }

    public string GoodHeader(string url, string nonce) => $$"""{"alg":"ES256","kid":"{{client.Account}}","nonce":"{{nonce}}","url":"{{url}}"}""";

    public string Jwk => AcmeTestClient.JwkOf(client.Key).ToJsonString();

    public string Flat(string header, string payload)
    {
        var (h, p) = (Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)), Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload)));
        var signature = client.Key.SignData(Encoding.ASCII.GetBytes($"{h}.{p}"), HashAlgorithmName.SHA256);
        return JwsMaker.Flat(h, p, Base64Url.EncodeToString(signature));
    }

    /// <summary>Without a signature: another method, or another way of asking.</summary>
    public async Task<AcmeTestAnswer> PlainAsync(HttpMethod method, string url)
    {
        using var answer = await client.Http.SendAsync(new HttpRequestMessage(method, url));
        return new AcmeTestAnswer(
            answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(), null,
            answer.Headers.TryGetValues("Replay-Nonce", out var nonce) ? nonce.Single() : null, null, answer.Headers.TryGetValues("Link", out var links) ? [.. links] : []);
    }

    /// <summary>What was refused changed nothing: the order, or without one the account, goes on.</summary>
    public async Task AssertGoesOnAsync()
    {
        if (Order is null)
        {
            Assert.Equal("valid", (await client.GetAsync(client.Account!)).Json["status"]!.ToString());
            return;
        }

        var order = await client.GetAsync(Order.Location ?? Order.Json["finalize"]!.ToString().Replace("/finalize", "", StringComparison.Ordinal));
        if (order.Json["status"]!.ToString() == "pending")
        {
            order = await client.AuthorizeAsync(order with { Location = Order.Location });
        }

        Assert.Equal("ready", order.Json["status"]!.ToString());
        var done = await client.FinalizeAsync(order, AcmeTestClient.Csr(CertificateKey, Names));
        Assert.True(done.Problem is null && done.Json["status"]!.ToString() == "valid", done.ToString());
    }
}
