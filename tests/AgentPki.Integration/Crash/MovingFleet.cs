using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Integration.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Integration.Crash;

/// <summary>
/// Agents that do what a stock client with csrattrs does, without a pause: ask with their certificate what to use, make such a key, renew, show the new
/// certificate. An appliance that is not there is asked again; any other trouble is a complaint.
/// </summary>
internal sealed class MovingFleet : IAsyncDisposable
{
    private const int AtOnce = 6;
    private static readonly CryptoProviders Providers = new(new PlatformProvider());
    private readonly Appliance appliance;
    private readonly List<MovingAgent> agents = [];
    private readonly ConcurrentQueue<X509Certificate2> received = new();
    private readonly ConcurrentBag<string> complaints = [];
    private readonly CancellationTokenSource stop = new();
    private Task[] workers = [];
    private int interrupted;

    private MovingFleet(Appliance appliance) => this.appliance = appliance;

    public IReadOnlyList<MovingAgent> Agents => agents;

    /// <summary>Certificates that reached an agent, in their order.</summary>
    public IReadOnlyCollection<X509Certificate2> Received => received;

    /// <summary>What must not happen to an agent, in its own words.</summary>
    public IReadOnlyCollection<string> Complaints => complaints;

    /// <summary>Requests that ended without an answer: a kill came in between.</summary>
    public int Interrupted => interrupted;

    public int CountOf(KeyAlgorithm algorithm) => agents.Count(a => a.Algorithm == algorithm);

    /// <summary>Enrols so many with P-256 keys, and has them begin to ask.</summary>
    /// <param name="credential"><c>name:secret</c>, good for all of them.</param>
    public static async Task<MovingFleet> StartAsync(Appliance appliance, string credential, int count)
    {
        var fleet = new MovingFleet(appliance);
        for (var i = 0; i < count; i++)
        {
            var (name, key) = (Csr.NewName("moving"), Csr.NewP256());
            var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(key, name), Requests.Basic(credential)));
            var certificate = EnrolledAgent.Issued(answer).CopyWithPrivateKey(key);
            fleet.received.Enqueue(certificate);
            fleet.agents.Add(new MovingAgent(name, certificate));
        }

        fleet.workers = [.. Enumerable.Range(0, AtOnce).Select(worker => Task.Run(() => fleet.PollAsync(worker)))];
        return fleet;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        stop.Dispose();
    }

    // Each agent belongs to one worker.
    private async Task PollAsync(int worker)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var agent in agents.Where((_, index) => index % AtOnce == worker))
            {
                try
                {
                    await PollAsync(agent);
                }
                catch (Exception failure) when (failure is HttpRequestException or IOException or EstProtocolException { InnerException: not null })
                {
                    Interlocked.Increment(ref interrupted);
                }
                catch (Exception failure) when (failure is EstProtocolException or CryptographicException)
                {
                    complaints.Add($"{agent.Name}: {failure.Message}");
                }
            }

            await Task.Delay(30);
        }
    }

    private async Task PollAsync(MovingAgent agent)
    {
        using var est = Client(agent.Certificate);
        var wanted = await new EstEnroller(est, Providers, agent.Algorithm).AskAsync(CancellationToken.None);
        if (wanted == agent.Algorithm)
        {
            return;
        }

        var key = ECDsa.Create(wanted == KeyAlgorithm.EcdsaP384 ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        switch (await est.ReenrollAsync(Csr.ForDns(key, agent.Name), CancellationToken.None))
        {
            case EstEnrollment.Issued issued:
                agent.Certificate = X509CertificateLoader.LoadCertificate(issued.Certificate.Der.Span).CopyWithPrivateKey(key);
                received.Enqueue(agent.Certificate);
                break;
            case EstEnrollment.Refused refused when refused.Detail.Contains("csrattrs says what to use", StringComparison.Ordinal):
                break; // the campaign turned between the question and the request: it asks again
            case var other:
                complaints.Add($"{agent.Name}: {other}");
                break;
        }
    }

    private EstClient Client(X509Certificate2 certificate) => new(
        new EstClientOptions(new Uri($"https://localhost:{appliance.HttpsPort}"), [.. appliance.Anchors().Select(a => Certificate.Parse(a.RawData))], ClientCertificate: certificate), TimeProvider.System);
}

/// <summary>One agent and the certificate it goes by: its next question shows it.</summary>
internal sealed class MovingAgent(string name, X509Certificate2 certificate)
{
    private volatile X509Certificate2 current = certificate;

    public string Name { get; } = name;

    public X509Certificate2 Certificate
    {
        get => current;
        set => current = value;
    }

    public KeyAlgorithm Algorithm => current.GetECDsaPublicKey()?.KeySize == 384 ? KeyAlgorithm.EcdsaP384 : KeyAlgorithm.EcdsaP256;
}
