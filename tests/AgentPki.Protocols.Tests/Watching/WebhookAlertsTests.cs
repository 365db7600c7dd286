using System.Text;
using System.Text.Json;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Protocols.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace AgentPki.Protocols.Tests.Watching;

/// <summary>The watch's webhook against a receiver on a socket, whose messages are verified with another implementation of HMAC.</summary>
public sealed class WebhookAlertsTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = new(2027, 3, 1, 12, 0, 0, 250, TimeSpan.Zero);
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly FakeTimeProvider _time = new(Start);
    private string _secrets = $"whsec_{Convert.ToBase64String(Secret)}\n";
    private WebhookAlerts? _alerts;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_alerts is not null)
        {
            await _alerts.DisposeAsync();
        }
    }

    [Fact]
    public async Task Publish_ReceiverThatTakesIt_GetsASignedCloudEvent()
    {
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(204));
        Begin(receiver.Url).Publish(Alert("w-1") with { Explanation = "37 refusals; 82 % \"no\" <b> é" });
        await UntilAsync(() => receiver.Messages.Count == 1 && _alerts!.Status.Waiting == 0);

        var message = receiver.Messages[0];
        Assert.Equal("POST /hook?key=1 HTTP/1.1", message.RequestLine);
        Assert.Equal(("w-1", "1803902400"), (message.Headers["webhook-id"], message.Headers["webhook-timestamp"]));
        Assert.Equal(Signature(Secret, message), message.Headers["webhook-signature"]);
        Assert.StartsWith("application/cloudevents+json", message.Headers["content-type"], StringComparison.Ordinal);
        using var json = JsonDocument.Parse(message.Body);
        var (e, data) = (json.RootElement, json.RootElement.GetProperty("data"));
        Assert.Equal(
            ("1.0", "w-1", "https://pki.test", "agentpki.watch.answered", "spiffe://agents.test/agent/a", "2027-03-01T12:00:00.250Z", "application/json"),
            (Text(e, "specversion"), Text(e, "id"), Text(e, "source"), Text(e, "type"), Text(e, "subject"), Text(e, "time"), Text(e, "datacontenttype")));
        Assert.Equal(
            ("team-a", "low", "refusals", "37 refusals; 82 % \"no\" <b> é", "suspend", new string('a', 64)),
            (Text(data, "owner"), Text(data, "tier"), Text(data, "detector"), Text(data, "explanation"), Text(data, "response"), Text(data, "rulesSha256")));
        Assert.True(data.GetProperty("done").GetBoolean());
        Assert.Null(_alerts!.Status.Problem);
    }

    [Fact]
    public async Task Publish_EachKindOfNews_HasItsType()
    {
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(200));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1") with { Response = "alert" });
        alerts.Publish(Alert("w-2") with { Done = false, WhyNot = "too many" });
        alerts.Publish(Alert("w-3-reverted") with { RevertedBy = "admin:alice+bob" });
        await UntilAsync(() => receiver.Messages.Count == 3);

        Assert.Equal(["agentpki.watch.found", "agentpki.watch.notAnswered", "agentpki.watch.reverted"], receiver.Messages.Select(m => Text(JsonDocument.Parse(m.Body).RootElement, "type")));
        Assert.Equal("too many", Text(JsonDocument.Parse(receiver.Messages[1].Body).RootElement.GetProperty("data"), "whyNot"));
    }

    [Fact]
    public async Task Publish_TwoSecrets_SignsWithEach()
    {
        byte[] other = [.. Enumerable.Repeat((byte)9, 24)];
        _secrets += $"\nwhsec_{Convert.ToBase64String(other)}";
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(200));
        Begin(receiver.Url).Publish(Alert("w-1"));
        await UntilAsync(() => receiver.Messages.Count == 1);

        Assert.Equal($"{Signature(Secret, receiver.Messages[0])} {Signature(other, receiver.Messages[0])}", receiver.Messages[0].Headers["webhook-signature"]);
    }

    [Fact]
    public async Task Publish_ReceiverThatFailsTwice_IsToldAgainOfTheSameInItsOrder()
    {
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(500), WebhookReceiver.Status(503, "Retry-After: 60\r\n"), WebhookReceiver.Status(200));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1"));
        alerts.Publish(Alert("w-2"));
        await UntilAsync(() => alerts.Status.Problem == "it answers 500");
        await UntilAsync(() => alerts.Status.Problem == "it answers 503", advance: TimeSpan.FromSeconds(2));

        // It wants a minute.
        await UntilAsync(() => receiver.Messages.Count == 4, advance: TimeSpan.FromSeconds(1));
        Assert.True(_time.GetUtcNow() - Start > TimeSpan.FromSeconds(60));
        Assert.Equal(["w-1", "w-1", "w-1", "w-2"], receiver.Messages.Select(m => m.Headers["webhook-id"]));
        Assert.Equal(receiver.Messages[0].Body, receiver.Messages[2].Body);
        Assert.All(receiver.Messages, m => Assert.Equal(Signature(Secret, m), m.Headers["webhook-signature"]));
        Assert.True(string.CompareOrdinal(receiver.Messages[0].Headers["webhook-timestamp"], receiver.Messages[2].Headers["webhook-timestamp"]) < 0);
        await UntilAsync(() => alerts.Status is { Problem: null, Lost: 0, Waiting: 0 });
    }

    [Fact]
    public async Task Publish_ReceiverThatAlwaysFails_IsGivenUpAndTheNextIsTried()
    {
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(500));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1"));
        alerts.Publish(Alert("w-2"));
        await UntilAsync(() => alerts.Status.Lost == 1, advance: TimeSpan.FromSeconds(10));

        Assert.Equal(WebhookAlerts.MostAttempts, receiver.Messages.Count(m => m.Headers["webhook-id"] == "w-1"));
        await UntilAsync(() => receiver.Messages[^1].Headers["webhook-id"] == "w-2", advance: TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(410)]
    public async Task Publish_ReceiverThatRefuses_IsNotAskedAgain(int status)
    {
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(status), WebhookReceiver.Status(200));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1"));
        alerts.Publish(Alert("w-2"));
        await UntilAsync(() => receiver.Messages.Count == 2);

        Assert.Equal(["w-1", "w-2"], receiver.Messages.Select(m => m.Headers["webhook-id"]));
        Assert.Equal(1, alerts.Status.Lost);
    }

    [Fact]
    public async Task Publish_ReceiverThatRedirects_IsNotFollowed()
    {
        await using var elsewhere = WebhookReceiver.Answering(WebhookReceiver.Status(200));
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(307, $"Location: {elsewhere.Url}\r\n"));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1"));
        await UntilAsync(() => alerts.Status.Lost == 1);

        Assert.Empty(elsewhere.Messages);
        Assert.Contains("307", alerts.Status.Problem, StringComparison.Ordinal);
        Assert.Contains("watch.yaml", alerts.Status.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publish_ReceiverThatHangs_HoldsUpNobody()
    {
        await using var receiver = new WebhookReceiver((_, _, token) => Task.Delay(Timeout.Infinite, token));
        var alerts = Begin(receiver.Url, capacity: 2, deadline: TimeSpan.FromSeconds(0.5));
        alerts.Publish(Alert("w-1"));
        await UntilAsync(() => receiver.Messages.Count == 1);

        // Two wait, the rest is lost and counted; nobody waits for that.
        for (var n = 2; n < 1000; n++)
        {
            alerts.Publish(Alert($"w-{n}"));
        }

        Assert.Equal((2, 996L), (alerts.Status.Waiting, alerts.Status.Lost));

        // The attempt comes to its end, and is made again.
        await UntilAsync(() => receiver.Messages.Count == 2, advance: TimeSpan.FromSeconds(1));
        Assert.Contains("within 0.5 seconds", alerts.Status.Problem, StringComparison.Ordinal);
        await alerts.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), Cancelled);
        _alerts = null;
    }

    [Fact]
    public async Task Publish_ReceiverThatNeverEnds_IsCutOff()
    {
        await using var receiver = new WebhookReceiver(async (n, stream, token) =>
        {
            await stream.WriteAsync(n == 0 ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray() : "HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
            var piece = n == 0 ? Encoding.ASCII.GetBytes($"1000\r\n{new string('x', 4096)}\r\n") : Encoding.ASCII.GetBytes($"X-More: {new string('x', 1000)}\r\n");
            while (true)
            {
                await stream.WriteAsync(piece, token);
            }
        });
        var alerts = Begin(receiver.Url);

        // The status is all that is read of the first answer; the second has no end of headers.
        alerts.Publish(Alert("w-1"));
        alerts.Publish(Alert("w-2"));
        await UntilAsync(() => alerts.Status.Problem is not null);
        Assert.Equal(["w-1", "w-2"], receiver.Messages.Select(m => m.Headers["webhook-id"]));
        Assert.Equal(0, alerts.Status.Lost);
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_!!!")]
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nwhsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nwhsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Publish_SecretsThatAreNone_SendNothingAndSayHowToMakeThem(string secrets)
    {
        (var good, _secrets) = (_secrets, secrets);
        await using var receiver = WebhookReceiver.Answering(WebhookReceiver.Status(200));
        var alerts = Begin(receiver.Url);
        alerts.Publish(Alert("w-1"));
        await UntilAsync(() => alerts.Status.Problem is not null);
        Assert.Contains("openssl rand", alerts.Status.Problem, StringComparison.Ordinal);
        Assert.Empty(receiver.Messages);

        // Mended, it goes on.
        _secrets = good;
        await UntilAsync(() => receiver.Messages.Count == 1, advance: TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Use_AnotherReceiver_IsTheOneThatIsToldFromThenOn()
    {
        await using var first = WebhookReceiver.Answering(WebhookReceiver.Status(500));
        await using var second = WebhookReceiver.Answering(WebhookReceiver.Status(200));
        var alerts = Begin(first.Url);
        alerts.Publish(Alert("w-1"));
        await UntilAsync(() => first.Messages.Count == 1);
        alerts.Use(new WatchWebhook(second.Url, "secret"));
        await UntilAsync(() => second.Messages.Count == 1, advance: TimeSpan.FromSeconds(1));

        alerts.Use(null);
        alerts.Publish(Alert("w-2"));
        Assert.Equal((null, 0), (alerts.Status.Receiver, alerts.Status.Waiting));
    }

    private static WatchAlert Alert(string id) => new(id, Start, "spiffe://agents.test/agent/a", "team-a", "low", "refusals", "37 refusals", "suspend", true, null, new string('a', 64));

    private WebhookAlerts Begin(Uri url, int capacity = 100, TimeSpan? deadline = null)
    {
        _alerts = new WebhookAlerts("https://pki.test", _ => _secrets, _time, NullLogger<WebhookAlerts>.Instance, capacity, deadline ?? TimeSpan.FromMinutes(1));
        _alerts.Use(new WatchWebhook(url, "secret"));
        return _alerts;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    /// <summary>As the receiver computes it, with another implementation.</summary>
    private static string Signature(byte[] secret, ReceivedMessage message)
    {
        var mac = new HMac(new Sha256Digest());
        mac.Init(new KeyParameter(secret));
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{message.Headers["webhook-id"]}.{message.Headers["webhook-timestamp"]}."), .. message.Body];
        mac.BlockUpdate(signed, 0, signed.Length);
        var result = new byte[32];
        mac.DoFinal(result, 0);
        return $"v1,{Convert.ToBase64String(result)}";
    }

    /// <summary>Waits for what goes on beside, with the clock going on by so much now and then.</summary>
    private async Task UntilAsync(Func<bool> holds, TimeSpan advance = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (!holds())
        {
            await Task.Delay(5, patience.Token);
            _time.Advance(advance);
        }
    }
}
