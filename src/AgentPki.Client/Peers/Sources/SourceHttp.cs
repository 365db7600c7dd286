using System.Collections.Concurrent;
using AgentPki.X509.Names;

namespace AgentPki.Client.Peers.Sources;

/// <summary>
/// Asks the servers that certificates name. Whoever does not answer is left alone for a while, so that a thousand questions to a dead server do not take a thousand times the timeout.
/// </summary>
internal sealed class SourceHttp(TimeSpan timeout, TimeProvider clock, Func<HttpMessageHandler>? handler) : IDisposable
{
    private const int MostRemembered = 256;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _silentUntil = new(StringComparer.Ordinal);
    private readonly HttpClient _http = new(handler?.Invoke() ?? new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false, MaxConnectionsPerServer = 16 }, disposeHandler: true)
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The http:// or https:// URLs among names.</summary>
    public static IEnumerable<Uri> Urls(IEnumerable<GeneralName> names) => names
        .Select(n => n is GeneralName.Uri uri && Uri.TryCreate(uri.Value, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) ? url : null)
        .OfType<Uri>();

    /// <summary>The body of a 200 answer; or why there is none, as a clause.</summary>
    /// <param name="longest">Octets.</param>
    public async ValueTask<(byte[]? Body, string Problem)> AskAsync(HttpRequestMessage request, int longest, CancellationToken cancellationToken)
    {
        var server = request.RequestUri?.GetLeftPart(UriPartial.Path) ?? "";
        if (_silentUntil.TryGetValue(server, out var until) && clock.GetUtcNow() < until)
        {
            return (null, $"{server} did not answer a moment ago");
        }

        using var limit = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            _silentUntil.TryRemove(server, out _);
            if (!response.IsSuccessStatusCode)
            {
                return (null, $"{request.RequestUri} answers {(int)response.StatusCode}");
            }

            await response.Content.LoadIntoBufferAsync(longest, either.Token);
            return (await response.Content.ReadAsByteArrayAsync(either.Token), "");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Leave(server);
            return (null, $"{request.RequestUri} does not answer");
        }
    }

    public void Dispose() => _http.Dispose();

    private void Leave(string server)
    {
        if (_silentUntil.Count >= MostRemembered)
        {
            _silentUntil.Clear();
        }

        _silentUntil[server] = clock.GetUtcNow() + timeout;
    }
}
