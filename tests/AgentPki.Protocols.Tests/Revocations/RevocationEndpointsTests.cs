using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Revocations;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Cms;

namespace AgentPki.Protocols.Tests.Revocations;

public sealed class RevocationEndpointsTests : IAsyncLifetime
{
    private TestAuthority _authority = null!;
    private RequestRates _rates = null!;
    private FeedSubscribers _subscribers = null!;
    private TestServer _server = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { Feed = new FeedOptions { KeptStatements = 3, WindowStatements = 2 } });
        await _authority.Services.Feed.StartAsync(TestContext.Current.CancellationToken);
        var options = new RevocationWireOptions { SubscribersPerAddress = 3, StallLimit = TimeSpan.FromMilliseconds(300), SendBuffer = 4096 };
        _rates = new RequestRates(new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        _subscribers = new FeedSubscribers(_authority.Services.Feed, options, TimeProvider.System);
        var services = new RevocationServices
        {
            Feed = _authority.Services.Feed, Subscribers = _subscribers, Clients = new ClientIdentity(new ClientIdentityOptions(), _ => false), Rates = _rates, Options = options, Time = TimeProvider.System,
        };
        _server = await TestServer.StartAsync(routes => routes.MapRevocations(services));
        _http = _server.Client(to: _server.Http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _authority.Services.Feed.StopAsync();
        await _server.DisposeAsync();
        _subscribers.Dispose();
        await _rates.DisposeAsync();
        await _authority.DisposeAsync();
    }

    [Fact]
    public async Task Feed_Stream_SendsWhatIsMissed_ThenWhatHappens_WithIdsAndTheSameOctetsForAll()
    {
        await RevokeAsync("one");
        await SpokenAsync(1);
        using var first = await OpenAsync("?after=0");
        using var second = await OpenAsync("", request => request.Headers.Add("Last-Event-ID", "0"));
        Assert.Equal("text/event-stream", first.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-store, no-transform", first.Headers.CacheControl?.ToString());
        var (one, two) = (new StreamReader(await first.Content.ReadAsStreamAsync(Cancelled)), new StreamReader(await second.Content.ReadAsStreamAsync(Cancelled)));
        await RevokeAsync("two");
        var lines = await ReadAsync(one, "id: 2");
        Assert.Equal(Events(lines), Events(await ReadAsync(two, "id: 2")));
        Assert.Equal(2, Events(lines).Count);
        Assert.Equal(["id: 1", "event: revoked"], lines.Take(2));
        Assert.Contains("event: heartbeat", lines);
        Assert.Equal(2, _subscribers.Count);
    }

    [Fact]
    public async Task Feed_Poll_GivesJson_AtOnceOrWhenSomethingHappens()
    {
        await RevokeAsync("one");
        await SpokenAsync(1);
        using var now = JsonDocument.Parse(await _http.GetStringAsync("/revocations/feed?after=0&wait=0", Cancelled));
        Assert.Equal(1, now.RootElement.GetProperty("after").GetInt64());
        Assert.Equal("revoked", Kind(now.RootElement.GetProperty("statements")[0].GetString()!));

        var waiting = _http.GetStringAsync("/revocations/feed?after=1&wait=30", Cancelled);
        await Task.Delay(100, Cancelled);
        Assert.False(waiting.IsCompleted);
        await RevokeAsync("two");
        using var later = JsonDocument.Parse(await waiting);
        Assert.Equal(2, later.RootElement.GetProperty("after").GetInt64());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/revocations/feed?after=2");
        request.Headers.Add("Accept", "application/json");
        using var nothing = await _http.SendAsync(request, Cancelled);
        using var answer = JsonDocument.Parse(await nothing.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(2, answer.RootElement.GetProperty("after").GetInt64());
    }

    [Theory]
    [InlineData("?after=-1", 400)]
    [InlineData("?after=x", 400)]
    [InlineData("?after=1&after=2", 400)]
    [InlineData("?after=0&wait=-1", 400)]
    [InlineData("?after=0&wait=soon", 400)]
    [InlineData("?after=99&wait=0", 410)]
    public async Task Feed_ACursorThatIsNone_IsRefused(string query, int status)
    {
        using var answer = await _http.GetAsync($"/revocations/feed{query}", Cancelled);
        Assert.Equal(status, (int)answer.StatusCode);
        await UntilAsync(() => _subscribers.Count == 0); // the answer may be here a moment before its subscriber has left
    }

    [Fact]
    public async Task Feed_BeforeWhatIsKept_IsGone_AndNamesTheSnapshot()
    {
        for (var i = 1; i <= 5; i++)
        {
            await RevokeAsync($"a{i}");
            await SpokenAsync(i);
        }

        using var gone = await _http.GetAsync("/revocations/feed?after=0", Cancelled);
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.Equal("/revocations/snapshot", gone.Headers.Location?.OriginalString);

        // Two are kept in the store alone, and are sent in front.
        using var kept = await OpenAsync("?after=2");
        Assert.Equal("id: 3", (await ReadAsync(new StreamReader(await kept.Content.ReadAsStreamAsync(Cancelled)), "id: 5"))[0]);
    }

    [Fact]
    public async Task Objects_NeverChange_AndMayBeCached()
    {
        await RevokeAsync("one");
        await SpokenAsync(1);
        using var snapshot = await _http.GetAsync("/revocations/snapshot", Cancelled);
        Assert.Equal("application/jose", snapshot.Content.Headers.ContentType?.MediaType);
        Assert.True(snapshot.Headers.CacheControl?.NoCache);
        Assert.True(CompactJws.TryParse(await snapshot.Content.ReadAsStringAsync(Cancelled), out var jws, out _));
        Assert.True(RevocationStatement.TryParse(jws.Payload.Span, out var statement, out _));
        var set = Assert.IsType<SnapshotStatement>(statement).Set;

        using var octets = await _http.GetAsync($"/revocations/sets/{set.Name}", Cancelled);
        Assert.True(RevocationSet.TryRead(await octets.Content.ReadAsByteArrayAsync(Cancelled), set.Commitment, out var read, out _));
        Assert.Equal(1, read.Commitment.Count);
        Assert.Equal(TimeSpan.FromDays(365), octets.Headers.CacheControl?.MaxAge);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/revocations/sets/{set.Name}");
        again.Headers.IfNoneMatch.Add(octets.Headers.ETag!);
        using var unchanged = await _http.SendAsync(again, Cancelled);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        Assert.True(RevocationBucket.TryRead(await _http.GetByteArrayAsync($"/revocations/sets/{set.Name}/buckets/0", Cancelled), 0, set.Commitment, out _, out _));
        var chain = CertsOnly.Parse(await _http.GetByteArrayAsync($"/revocations/signers/{Convert.ToHexStringLower(jws.CertificateThumbprint.Span)}", Cancelled));
        Assert.True(jws.Verify(chain[0].PublicKey, _authority.Providers));
        foreach (var path in new[] { $"sets/{set.Name}/buckets/1", $"sets/{set.Name}/buckets/-1", "sets/7-00", "sets/..", "signers/00", $"signers/{new string('0', 64)}" })
        {
            using var missing = await _http.GetAsync($"/revocations/{path}", Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        using var post = await _http.PostAsync("/revocations/feed", null, Cancelled);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task Feed_MoreThanAnAddressMayHave_IsRefused_UntilOneLeaves()
    {
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
        {
            open.Add(await OpenAsync("?after=0"));
        }

        using var refused = await _http.GetAsync("/revocations/feed?after=0", Cancelled);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(30), refused.Headers.RetryAfter?.Delta);
        open.ForEach(o => o.Dispose());
        await UntilAsync(() => _subscribers.Count == 0);
        using var admitted = await OpenAsync("?after=0");
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
    }

    [Fact]
    public async Task Feed_AReaderThatDoesNotRead_IsCut_AndCatchesUpByItsCursor()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await socket.ConnectAsync(_server.Http.Host, _server.Http.Port, Cancelled);
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /revocations/feed?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"), Cancelled);
        await UntilAsync(() => _subscribers.Count == 1);

        // Events until its buffers are full, and a while longer.
        var events = 0;
        await UntilAsync(() => _subscribers.Count == 0, async () =>
        {
            await RevokeAsync($"x{events}");
            await SpokenAsync(++events);
        });
        using var back = await OpenAsync($"?after={events - 1}");
        Assert.Equal($"id: {events}", (await ReadAsync(new StreamReader(await back.Content.ReadAsStreamAsync(Cancelled)), $"id: {events}"))[0]);
    }

    [Fact]
    public async Task Feed_WhenTheApplianceStops_StreamsEnd()
    {
        using var open = await OpenAsync("?after=0");
        using var reader = new StreamReader(await open.Content.ReadAsStreamAsync(Cancelled));
        await _authority.Services.Feed.StopAsync().AsTask().WaitAsync(Limit, Cancelled);
        Assert.NotEmpty(await reader.ReadToEndAsync(Cancelled).WaitAsync(Limit, Cancelled));
        await UntilAsync(() => _subscribers.Count == 0);
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> OpenAsync(string query, Action<HttpRequestMessage>? with = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/revocations/feed{query}");
        with?.Invoke(request);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
    }

    private static async Task<List<string>> ReadAsync(StreamReader reader, string until)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync(Cancelled) is { } line)
        {
            if (line.Length > 0)
            {
                lines.Add(line);
            }

            if (lines.Contains(until) && line.Length == 0 && lines[^2] is not "event: heartbeat")
            {
                return lines;
            }
        }

        throw new InvalidOperationException($"The stream ended before '{until}': {string.Join(" | ", lines)}");
    }

    private static List<string> Events(List<string> lines) => [.. lines.Where((line, i) => line.StartsWith("data:", StringComparison.Ordinal) && lines[i - 1] != "event: heartbeat")];

    private static string Kind(string text)
    {
        Assert.True(CompactJws.TryParse(text, out var jws, out _));
        using var payload = JsonDocument.Parse(jws.Payload);
        return payload.RootElement.TryGetProperty("action", out var action) ? action.GetString()! : payload.RootElement.GetProperty("kind").GetString()!;
    }

    private async Task RevokeAsync(string name) => await _authority.Services.Revocations.RevokeAsync(
        new RevocationRequest(new RevocationTarget.OneCertificate((await _authority.AgentAsync($"{name}.agents.test")).Certificate), RevocationReason.Superseded, "admin:test", "test", "c"), Cancelled);

    private Task SpokenAsync(long sequence) => UntilAsync(() => _authority.Services.Feed.Window.Last >= sequence);

    private static async Task UntilAsync(Func<bool> condition, Func<Task>? meanwhile = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Limit, "it did not come to that");
            await (meanwhile?.Invoke() ?? Task.Delay(5, Cancelled));
        }
    }
}
