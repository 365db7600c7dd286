using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Client.Decisions;
using AgentPki.Client.Peers;
using AgentPki.Client.Tests.Peers;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Decisions;

namespace AgentPki.Client.Tests.Decisions;

/// <summary>An appliance as whoever asks for decisions sees it, which a test can take away; its revocation feed is a <see cref="PeerWorld"/>'s.</summary>
internal sealed class DecisionWorld : IAsyncDisposable
{
    public const string Issuer = "http://pki.test:8080";
    public const string Asker = "spiffe://agents.test/guard/gate";
    private readonly List<X509Certificate2> _made = [];

    private DecisionWorld(PeerWorld peers, PeerGate gate, ISigningKey key) => (Peers, Gate, Key) = (peers, gate, key);

    public PeerWorld Peers { get; }

    public PeerGate Gate { get; }

    public ISigningKey Key { get; private set; }

    /// <summary>What the appliance says.</summary>
    public bool Permits { get; set; } = true;

    /// <summary>For how long it may be relied on; zero: not at all.</summary>
    public TimeSpan Offline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Changes the receipt's payload before it is signed.</summary>
    public Func<DecisionStatement, DecisionStatement> Statement { get; set; } = static s => s;

    /// <summary>Changes the receipt after that; null: there is none.</summary>
    public Func<string, string?> Receipt { get; set; } = static r => r;

    /// <summary>Instead of an answer.</summary>
    public Exception? Failure { get; set; }

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>What an answer waits for before it goes back.</summary>
    public Task Delay { get; set; } = Task.CompletedTask;

    public int Questions { get; private set; }

    public List<OfflineDecisionEventArgs> Told { get; } = [];

    public static async Task<DecisionWorld> CreateAsync()
    {
        var peers = await PeerWorld.CreateAsync();
        return new DecisionWorld(peers, await peers.GateAsync(), await NewKeyAsync());
    }

    /// <summary>The appliance's receipts have another key from now on.</summary>
    public async Task RollAsync() => Key = await NewKeyAsync();

    public DecisionClient Client(Func<DecisionClientOptions, DecisionClientOptions>? with = null)
    {
        var identity = Agent("guard/gate");
        var options = new DecisionClientOptions(new Uri("https://pki.test:8443"), [Peers.Root], identity, Issuer) { Intermediates = [Peers.Issuing] };
        var client = new DecisionClient(with?.Invoke(options) ?? options, Gate.Follower.View, Peers.Clock, new Wire(this));
        client.AnsweredOffline += (_, told) => Told.Add(told);
        return client;
    }

    public X509Certificate2 Agent(string path)
    {
        _made.Add(Peers.Agent(path));
        return _made[^1];
    }

    public static DecisionQuestion Question(X509Certificate2 agent, string resource = "42", string action = "read", string? context = null) =>
        new(PeerWorld.Parsed(agent), action, "crm", resource) { Context = context is null ? null : JsonDocument.Parse(context).RootElement };

    /// <summary>It is not there any more: nobody listens.</summary>
    public void GoAway() => Failure = new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused (test)");

    public Task PassAsync(TimeSpan time) => Peers.PassAsync(Gate, time);

    public async ValueTask DisposeAsync()
    {
        await Gate.DisposeAsync();
        await Peers.DisposeAsync();
        await Key.DisposeAsync();
        _made.ForEach(c => c.Dispose());
    }

    private static async Task<ISigningKey> NewKeyAsync() => await new PlatformProvider().GenerateAsync(new KeySpec("receipts", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None);

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request)
    {
        if (Failure is { } failure)
        {
            throw failure;
        }

        if (request.RequestUri!.AbsolutePath == "/access/v1/jwks.json")
        {
            return Json($$"""{"keys":[{{Encoding.UTF8.GetString(Jwk.Of(Key.PublicKey).ToCanonicalJson())}}]}""");
        }

        Questions++;
        var (status, permits, offline, statement, receipt) = (Status, Permits, Offline, Statement, Receipt);
        using var question = JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync());
        await Delay;
        if (status != HttpStatusCode.OK)
        {
            return new HttpResponseMessage(status) { Content = new StringContent("no (test)") };
        }

        var (root, now) = (question.RootElement, DateTimeOffset.FromUnixTimeSeconds(Peers.Clock.GetUtcNow().ToUnixTimeSeconds()));
        var subject = root.GetProperty("subject");
        var der = subject.GetProperty("properties").GetProperty("x5c")[0].GetBytesFromBase64();
        var resource = root.GetProperty("resource");
        var decided = new DecidedAction(
            new string('0', 32), Convert.ToHexStringLower(RequestDigest.Of(root)), subject.GetProperty("id").GetString()!, Convert.ToHexStringLower(SHA256.HashData(der)),
            root.GetProperty("action").GetProperty("name").GetString()!, $"{resource.GetProperty("type").GetString()}/{resource.GetProperty("id").GetString()}", permits, [permits ? "permitted:p" : "no_permit"])
        {
            OfflineUntil = permits && offline > TimeSpan.Zero ? now + offline : null,
        };
        var stated = statement(new DecisionStatement(Issuer, Asker, now, now.AddSeconds(30), root.GetProperty("context").GetProperty("nonce").GetString(), "node", 0, "", [decided]));
        var signed = receipt(await CompactJws.SignAsync(Key, DecisionStatement.JwsType, stated.Encode(), CancellationToken.None));
        var shown = signed is null ? "" : $",\"receipt\":\"{signed}\"";
        return Json($$$"""{"decision":{{{(permits ? "true" : "false")}}},"context":{"reasons":[{"rule":"{{{(permits ? "permitted" : "no_permit")}}}","source":"p","text":"t"}],"obligations":["gdpr"]{{{shown}}}}}""");
    }

    private static HttpResponseMessage Json(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text, Encoding.UTF8, "application/json") };

    private sealed class Wire(DecisionWorld world) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => world.AnswerAsync(request);
    }
}
