using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Integration.Crash;

/// <summary>One order as its client knows it: it may have been cut off anywhere.</summary>
internal sealed class AcmePurchase(string name)
{
    public string Name => name;

    public ECDsa Key { get; } = Csr.NewP256();

    /// <summary>Null: the answer that would have told it was lost.</summary>
    public string? Order { get; set; }

    public X509Certificate2? Certificate { get; set; }
}

/// <summary>An account whose client walks through the whole flow again and again, and can go on with what was interrupted.</summary>
internal sealed class AcmeCustomer(AcmeTestClient client, ConcurrentDictionary<string, string> answers) : IDisposable
{
    private readonly string thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(AcmeTestClient.JwkOf(client.Key).ToJsonString())));

    public ConcurrentQueue<AcmePurchase> Purchases { get; } = new();

    public static async Task<AcmeCustomer> NewAsync(Appliance appliance, ConcurrentDictionary<string, string> answers)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(appliance.Anchors());
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { CertificateChainPolicy = policy } });
        var client = new AcmeTestClient(http, new Uri($"https://localhost:{appliance.HttpsPort}/acme/directory"));
        await client.UrlAsync("newOrder");
        Assert.Null((await client.RegisterAsync()).Problem);
        return new AcmeCustomer(client, answers);
    }

    /// <summary>From the order to the certificate.</summary>
    public async Task BuyAsync(string name)
    {
        var purchase = new AcmePurchase(name);
        Purchases.Enqueue(purchase);
        var order = Must(await client.OrderAsync(("dns", name)));
        purchase.Order = order.Location;
        await FinishAsync(purchase);
    }

    /// <summary>Whatever the appliance knew of before it died has a certificate, or gets it now, or has ended and says why.</summary>
    public async Task GoOnAsync()
    {
        client.ForgetNonce(); // it was of another life
        foreach (var url in await OrdersAsync())
        {
            if (Purchases.All(p => p.Order != url))
            {
                var identifier = Must(await client.GetAsync(url)).Json["identifiers"]![0]!;
                Purchases.Enqueue(new AcmePurchase(identifier["value"]!.ToString()) { Order = url }); // it was placed, and nobody was told
            }
        }

        foreach (var purchase in Purchases.Where(p => p is { Order: not null, Certificate: null }))
        {
            await FinishAsync(purchase);
        }
    }

    public void Dispose() => client.Dispose();

    private async Task FinishAsync(AcmePurchase purchase)
    {
        var order = Must(await client.GetAsync(purchase.Order!));
        if (StatusOf(order) == "pending")
        {
            await AuthorizeAsync(order);
            order = await WaitAsync(purchase.Order!, "pending");
        }

        if (StatusOf(order) == "ready")
        {
            Must(await client.FinalizeAsync(order, AcmeTestClient.Csr(purchase.Key, ("dns", purchase.Name))));
            order = await WaitAsync(purchase.Order!, "processing");
        }

        Assert.True(StatusOf(order) == "valid", $"{purchase.Name}: {order}");
        var certificate = X509Certificate2.CreateFromPem(Must(await client.GetAsync(order.Json["certificate"]!.ToString())).Text);
        Assert.True(certificate.MatchesHostname(purchase.Name), $"{purchase.Order} ended with a certificate for {certificate.Subject}");
        Assert.Equal(purchase.Key.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        purchase.Certificate = certificate;
    }

    private async Task AuthorizeAsync(AcmeTestAnswer order)
    {
        var authorization = Must(await client.GetAsync(order.Json["authorizations"]![0]!.ToString()));
        if (StatusOf(authorization) == "pending")
        {
            var challenge = authorization.Json["challenges"]!.AsArray().Single(c => c!["type"]!.ToString() == "http-01")!;
            answers[challenge["token"]!.ToString()] = $"{challenge["token"]}.{thumbprint}";
            Must(await client.PostAsync(challenge["url"]!.ToString(), []));
        }
    }

    private async Task<AcmeTestAnswer> WaitAsync(string url, string status)
    {
        AcmeTestAnswer? order = null;
        await Eventually.TrueAsync(async () => StatusOf(order = Must(await client.GetAsync(url))) != status, TimeSpan.FromSeconds(60), () => $"the order stays {order}");
        return order!;
    }

    private async Task<IReadOnlyList<string>> OrdersAsync()
    {
        var found = new List<string>();
        for (var url = Must(await client.GetAsync(client.Account!)).Json["orders"]?.ToString(); url is not null;)
        {
            var page = Must(await client.GetAsync(url));
            found.AddRange(page.Json["orders"]!.AsArray().Select(o => o!.ToString()));
            url = page.Link("next");
        }

        return found;
    }

    private static string StatusOf(AcmeTestAnswer resource) => resource.Json["status"]!.ToString();

    private static AcmeTestAnswer Must(AcmeTestAnswer answer)
    {
        Assert.True(answer.Problem is null, answer.ToString());
        return answer;
    }
}
