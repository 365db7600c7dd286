using System.Globalization;
using System.Net.Http.Headers;

namespace AgentPki.Protocols.Watching;

/// <summary>What became of one attempt.</summary>
internal abstract record WebhookAnswer
{
    private WebhookAnswer()
    {
    }

    /// <summary>2xx.</summary>
    public sealed record Taken : WebhookAnswer;

    /// <summary>It is not worth another try.</summary>
    public sealed record Refused(string Reason) : WebhookAnswer;

    /// <param name="RetryAfter">When it wants to be asked again; null: it has not said.</param>
    public sealed record Failed(string Reason, TimeSpan? RetryAfter) : WebhookAnswer;
}

/// <summary>Sends one message to a webhook's receiver. Of what it answers the status alone is read: no redirect is followed, no body waited for, and all of it has one deadline.</summary>
/// <param name="deadline">Of one attempt, from the connection to the status.</param>
internal sealed class WebhookClient(TimeProvider time, TimeSpan deadline) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = 1,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <param name="id">The same at each attempt.</param>
    /// <param name="body">A CloudEvent.</param>
    public async ValueTask<WebhookAnswer> SendAsync(Uri url, string id, byte[] body, WebhookSecrets secrets, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        both.CancelAfter(deadline);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(WatchCloudEvent.MediaType, "utf-8");
        message.Headers.Add("webhook-id", id);
        message.Headers.Add("webhook-timestamp", timestamp);
        message.Headers.Add("webhook-signature", secrets.Sign(id, timestamp, body));
        try
        {
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return Judge(answer);
        }
        catch (HttpRequestException failure)
        {
            return new WebhookAnswer.Failed($"it does not answer: {Http.ProblemText.Printable(failure.Message)}", null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WebhookAnswer.Failed(string.Create(CultureInfo.InvariantCulture, $"it did not answer within {deadline.TotalSeconds:0.#} seconds"), null);
        }
    }

    public void Dispose() => _http.Dispose();

    private WebhookAnswer Judge(HttpResponseMessage answer)
    {
        var status = (int)answer.StatusCode;
        return status switch
        {
            >= 200 and < 300 => new WebhookAnswer.Taken(),
            >= 300 and < 400 => new WebhookAnswer.Refused(string.Create(CultureInfo.InvariantCulture, $"it answers {status} and points elsewhere, which is not followed: name the place itself in watch.yaml")),
            408 or 425 or 429 or >= 500 => new WebhookAnswer.Failed(string.Create(CultureInfo.InvariantCulture, $"it answers {status}"), RetryAfter(answer)),
            _ => new WebhookAnswer.Refused(string.Create(CultureInfo.InvariantCulture, $"it answers {status}")),
        };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };
}
