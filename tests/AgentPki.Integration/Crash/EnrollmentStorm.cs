using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>
/// Concurrent clients that enrol without a pause and keep every certificate they received: what reached them the appliance must
/// never deny again.
/// </summary>
internal sealed class EnrollmentStorm
{
    private readonly ConcurrentBag<X509Certificate2> received = [];
    private readonly ConcurrentQueue<string> refusals = [];
    private readonly CancellationTokenSource stop = new();
    private readonly HttpClient client;
    private readonly string url;
    private readonly Task[] workers;
    private int interrupted;

    private EnrollmentStorm(Appliance appliance, int clients, string credential)
    {
        client = NewClient(appliance, credential);
        url = $"{appliance.EstUrl}/simpleenroll";
        workers = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(EnrollUntilStoppedAsync))];
    }

    /// <summary>Requests that ended without an answer: the kill came in between.</summary>
    public int Interrupted => interrupted;

    public int Received => received.Count;

    /// <summary>Answers that were no certificate.</summary>
    public IReadOnlyList<string> Refusals => [.. refusals];

    /// <param name="credential">Null: the development credential.</param>
    public static EnrollmentStorm Start(Appliance appliance, int clients = 8, string? credential = null) => new(appliance, clients, credential ?? appliance.Credential);

    /// <summary>Ends the clients; returns what they received.</summary>
    public async Task<IReadOnlyList<X509Certificate2>> StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        client.Dispose();
        return [.. received];
    }

    private async Task EnrollUntilStoppedAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            using var key = Csr.NewP256();
            using var body = new ByteArrayContent(Requests.Base64(Csr.ForDns(key, Csr.NewName("storm")))) { Headers = { ContentType = new MediaTypeHeaderValue(Requests.Pkcs10) } };
            try
            {
                // No cancellation here: an answer that is under way is read to its end and counts.
                using var response = await client.PostAsync(url, body);
                var content = await response.Content.ReadAsByteArrayAsync();
                if (response.IsSuccessStatusCode)
                {
                    received.Add(Assert.Single(CertsOnlyMessage.FromBase64(content)));
                }
                else
                {
                    refusals.Enqueue($"{(int)response.StatusCode} {Encoding.UTF8.GetString(content)}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                Interlocked.Increment(ref interrupted);
                await Task.Delay(5); // nobody listens for a while
            }
        }
    }

    private static HttpClient NewClient(Appliance appliance, string credential)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(appliance.Anchors());
        return new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { CertificateChainPolicy = policy } })
        {
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credential))) },
        };
    }
}
