using System.Net;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Witnessing;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Protocols.Witness;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Witnessing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Witness;

/// <summary>A witness on the wire: the statuses of C2SP tlog-witness v1.0.0, and the client that a log asks with.</summary>
public sealed class WitnessEndpointsTests : IAsyncLifetime
{
    private readonly SettableTimeProvider _time = new(new DateTimeOffset(2027, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly List<WitnessAnswer> _answers = [];
    private ToyLog _log = null!;
    private MemoryWitnessState _state = null!;
    private RequestRates _rates = null!;
    private TestServer _server = null!;
    private HttpClient _http = null!;
    private WitnessClient _client = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _log = await ToyLog.NewAsync(300);
        _state = new MemoryWitnessState(_log.Watched);
        _rates = new RequestRates(new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var witness = new Ledger.Witnessing.Witness("witness.test/w1", [await ToyLog.KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.WitnessCosignature)], _state, ToyLog.Providers, _time);
        var services = new WitnessServices
        {
            Witness = witness, State = _state, Rates = _rates, Clients = new ClientIdentity(new ClientIdentityOptions(), _ => false), Answered = _answers.Add, Time = _time, Logger = NullLogger.Instance,
        };
        _server = await TestServer.StartAsync(routes => routes.MapWitness(services));
        _http = _server.Client(to: _server.Http);
        _client = new WitnessClient(_server.Http, [.. witness.Keys]);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _http.Dispose();
        await _server.DisposeAsync();
        await _rates.DisposeAsync();
    }

    [Fact]
    public async Task Submission_ThatExtends_Is200AndReadableByMonitors()
    {
        var (status, type, text) = await PostAsync(await _log.RequestAsync(0, 7));

        Assert.Equal((HttpStatusCode.OK, "text/plain"), (status, type));
        var line = SignedNote.TryParseLine(text.TrimEnd('\n'));
        Assert.NotNull(line);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.True(_client.Keys[0].Verify((await _log.SignAsync(7)).Note.Text, line, ToyLog.Providers));

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_log.Origin)));
        Assert.True(SignedCheckpoint.TryParse(await _http.GetStringAsync($"/{hash}/checkpoint", Cancelled), out var read, out _));
        Assert.True(_client.Keys[0].Verify(read.Note, ToyLog.Providers));
        Assert.True(_log.Key.Verify(read.Note, ToyLog.Providers));
        Assert.Equal(read.ToString(), (await _client.LastAsync(_log.Origin, Cancelled))?.ToString());
        Assert.Null(await _client.LastAsync("another.test", Cancelled));
    }

    [Fact]
    public async Task Submission_ThatIsRefused_HasTheStatusOfItsReason()
    {
        await PostAsync(await _log.RequestAsync(0, 200));
        var stranger = await ToyLog.NewAsync(5);
        var impostor = await ToyLog.NewAsync(300, _log.Origin);
        var forked = _log.Fork(100);

        Assert.Equal((HttpStatusCode.Conflict, "text/x.tlog.size", "200\n"), await PostAsync(await _log.RequestAsync(0, 100)));
        Assert.Equal((HttpStatusCode.Conflict, "text/x.tlog.size", "200\n"), await PostAsync(await _log.RequestAsync(100, 300)));
        foreach (var (request, status) in new[]
        {
            (await stranger.RequestAsync(0, 5), HttpStatusCode.NotFound),
            (await impostor.RequestAsync(200, 300), HttpStatusCode.Forbidden),
            (await forked.RequestAsync(200, 300), HttpStatusCode.UnprocessableEntity),
            (new WitnessRequest(200, [], await forked.SignAsync(200)), HttpStatusCode.UnprocessableEntity),
            (new WitnessRequest(300, [], await _log.SignAsync(200)), HttpStatusCode.BadRequest),
        })
        {
            var (got, _, text) = await PostAsync(request);
            Assert.True(got == status, $"{got} instead of {status}: {text}");
        }

        Assert.Equal(200, _state.Last(_log.Origin)!.Checkpoint.Size);
    }

    [Fact]
    public async Task Client_TellsTheAnswersApart()
    {
        Assert.IsType<WitnessReply.Cosigned>(await _client.AddAsync(await _log.RequestAsync(0, 200), Cancelled));
        Assert.Equal(new WitnessReply.Behind(200), await _client.AddAsync(await _log.RequestAsync(0, 300), Cancelled));
        Assert.IsType<WitnessReply.Inconsistent>(await _client.AddAsync(await _log.Fork(100).RequestAsync(200, 300), Cancelled));
        Assert.Contains("404", Assert.IsType<WitnessReply.Refused>(await _client.AddAsync(await (await ToyLog.NewAsync(5)).RequestAsync(0, 5), Cancelled)).Reason, StringComparison.Ordinal);
        Assert.Contains("403", Assert.IsType<WitnessReply.Refused>(await _client.AddAsync(await (await ToyLog.NewAsync(5, _log.Origin)).RequestAsync(0, 5), Cancelled)).Reason, StringComparison.Ordinal);
        _state.Failure = new IOException("No space left on device");
        Assert.Contains("503", Assert.IsType<WitnessReply.Silent>(await _client.AddAsync(await _log.RequestAsync(200, 300), Cancelled)).Reason, StringComparison.Ordinal);

        using var nobody = new WitnessClient(new Uri("http://127.0.0.1:1/"), _client.Keys);
        Assert.IsType<WitnessReply.Silent>(await nobody.AddAsync(await _log.RequestAsync(0, 200), Cancelled));
        Assert.Equal(6, _answers.Count);
    }

    [Fact]
    public async Task HostileOctets_AreRefusedAndChangeNothing()
    {
        var sample = Encoding.UTF8.GetBytes((await _log.RequestAsync(0, 300)).ToString());
        using var http = _server.Client(to: _server.Http);
        var fuzz = new SeededFuzz(
            () => sample,
            octets =>
            {
                using var content = new ByteArrayContent(octets);
                using var request = new HttpRequestMessage(HttpMethod.Post, "/add-checkpoint") { Content = content };
                using var answer = http.Send(request, Cancelled);
                Assert.True((int)answer.StatusCode < 500, $"{answer.StatusCode}");

                // Lines of others may be damaged: the log's own is what counts.
                Assert.True(answer.StatusCode != HttpStatusCode.OK || _state.Last(_log.Origin)?.Checkpoint == _log.Head(300));
                return true;
            },
            FuzzWords.Text);
        fuzz.Mutated(11, 300);
    }

    [Theory]
    [InlineData("/add-checkpoint", "GET", HttpStatusCode.MethodNotAllowed)]
    [InlineData("/0000000000000000000000000000000000000000000000000000000000000000/checkpoint", "GET", HttpStatusCode.NotFound)]
    [InlineData("/0000000000000000000000000000000000000000000000000000000000000000/checkpoint", "POST", HttpStatusCode.MethodNotAllowed)]
    [InlineData("/..%2f..%2f..%2fetc%2fpasswd/checkpoint", "GET", HttpStatusCode.NotFound)]
    [InlineData("/sign-subtree", "POST", HttpStatusCode.NotFound)]
    public async Task OtherRequests_AreRefused(string path, string method, HttpStatusCode status)
    {
        using var answer = await _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancelled);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Submission_ThatIsTooLong_Is413()
    {
        using var answer = await _http.PostAsync("/add-checkpoint", new ByteArrayContent(new byte[WitnessRequest.MaxLength + 1]), Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    private async Task<(HttpStatusCode Status, string? Type, string Text)> PostAsync(WitnessRequest request)
    {
        using var answer = await _http.PostAsync("/add-checkpoint", new ByteArrayContent(Encoding.UTF8.GetBytes(request.ToString())), Cancelled);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(Cancelled));
    }
}
