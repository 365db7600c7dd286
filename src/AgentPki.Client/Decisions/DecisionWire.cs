using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.Json;
using AgentPki.Client.Est;

namespace AgentPki.Client.Decisions;

/// <summary>What came of sending a question.</summary>
internal abstract record WireReply
{
    private WireReply()
    {
    }

    /// <summary>A Decision (AuthZEN §5.5).</summary>
    public sealed record Answered(bool IsPermitted, string? Id, IReadOnlyList<string> Reasons, string Explanation, IReadOnlyList<string> Obligations, string? Receipt) : WireReply;

    /// <summary>Something answered, and it was no Decision.</summary>
    /// <param name="MayNotAsk">The appliance does not answer whoever asks.</param>
    public sealed record Refused(string Why, bool MayNotAsk) : WireReply;

    /// <summary>Nobody answered, or a proxy in the appliance's place said that it is away.</summary>
    public sealed record Away(string Why) : WireReply;
}

/// <summary>The way to the appliance's Authorization API: TLS to the anchors, with the asker's certificate.</summary>
internal sealed class DecisionWire : IDisposable
{
    private const int LongestAnswer = 256 * 1024;
    private readonly HttpClient _http;

    public DecisionWire(DecisionClientOptions options, TimeProvider clock, HttpMessageHandler? handler)
    {
        var connection = new EstClientOptions(options.Appliance, options.TrustAnchors, ClientCertificate: options.Identity);
        _http = new HttpClient(handler ?? EstClient.Handler(connection, new ServerTrust(options.TrustAnchors, clock)), disposeHandler: true)
        {
            BaseAddress = options.Appliance,
            Timeout = options.Timeout,
            MaxResponseContentBufferSize = LongestAnswer,
        };
    }

    public async Task<WireReply> AskAsync(byte[] question, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(question);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync(new Uri("/access/v1/evaluation", UriKind.Relative), content, cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => Read(await response.Content.ReadAsByteArrayAsync(cancellationToken)),
                HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => new WireReply.Away($"it answered {(int)response.StatusCode}"),
                var status => new WireReply.Refused($"the appliance answered {(int)status}: {await TextAsync(response, cancellationToken)}", status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden),
            };
        }
        catch (HttpRequestException failure)
        {
            return IsAway(failure) ? new WireReply.Away(failure.Message.TrimEnd('.')) : new WireReply.Refused($"what answers in the appliance's place is not believed: {failure.Message.TrimEnd('.')}", false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WireReply.Away($"it did not answer within {_http.Timeout.TotalSeconds:0.###} seconds");
        }
    }

    /// <summary>The JWK set of receipt keys; null: it cannot be had now.</summary>
    public async Task<byte[]?> KeysAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetByteArrayAsync(new Uri("/access/v1/jwks.json", UriKind.Relative), cancellationToken);
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    // A closed list: who answers, and wrongly, is not away. A handshake that fails is somebody's answer.
    private static bool IsAway(HttpRequestException failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
            {
                return false;
            }
        }

        return failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ResponseEnded or HttpRequestError.ProxyTunnelError
            || (failure.HttpRequestError == HttpRequestError.Unknown && failure.InnerException is IOException);
    }

    private static WireReply Read(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var root = document.RootElement;
            var context = root.TryGetProperty("context"u8, out var found) ? found : default;
            var reasons = Items(context, "reasons");
            return new WireReply.Answered(
                root.GetProperty("decision"u8).GetBoolean(),
                Text(context, "id"),
                [.. reasons.Select(r => r.TryGetProperty("source"u8, out var source) ? $"{r.GetProperty("rule"u8).GetString()}:{source.GetString()}" : r.GetProperty("rule"u8).GetString() ?? "")],
                reasons is [var first, ..] ? Text(first, "text") ?? "" : "",
                [.. Items(context, "obligations").Select(o => o.GetString() ?? "")],
                Text(context, "receipt"));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new WireReply.Refused("the appliance's answer is no decision", false);
        }
    }

    private static string? Text(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static JsonElement[] Items(JsonElement context, string name) => context.ValueKind == JsonValueKind.Object && context.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];

    private static async Task<string> TextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
        return text.Length is > 0 and < 1024 ? text : response.ReasonPhrase ?? "no reason given";
    }
}
