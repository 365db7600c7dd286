using System.Collections.Concurrent;
using System.Net;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Client.Peers.Sources;

/// <summary>
/// Asks the servers that certificates name. Whoever gives no usable answer is left alone for a while, so that a thousand questions to a dead server do not take a thousand times the timeout.
/// </summary>
internal sealed class SourceHttp(TimeSpan timeout, TimeProvider clock, Func<HttpMessageHandler>? handler) : IDisposable
{
    private const int MostRemembered = 256;

    private readonly ConcurrentDictionary<string, long> _leftSince = new(StringComparer.Ordinal);
    private readonly HttpClient _http = new(handler?.Invoke() ?? new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false, MaxConnectionsPerServer = 16 }, disposeHandler: true)
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The http:// or https:// URLs among names.</summary>
    public static IEnumerable<Uri> Urls(IEnumerable<GeneralName> names) => names
        .Select(n => n is GeneralName.Uri uri && Uri.TryCreate(uri.Value, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) ? url : null)
        .OfType<Uri>();

    /// <summary>The body of a 200 answer; or why there is none, as a clause.</summary>
    /// <param name="issuer">About whose certificates.</param>
    /// <param name="longest">Octets.</param>
    public async ValueTask<(byte[]? Body, string Problem)> AskAsync(HttpRequestMessage request, Certificate issuer, int longest, CancellationToken cancellationToken)
    {
        if (IsLeft(Server(request.RequestUri)) || IsLeft(Server(request.RequestUri, issuer)))
        {
            return (null, $"{Server(request.RequestUri)} gave no usable answer a moment ago");
        }

        using var limit = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                // Too much at once is no fault of the answer, and leaving the server would refuse everybody who waits for a turn.
                if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
                {
                    Leave(Server(request.RequestUri));
                }

                return (null, $"{request.RequestUri} answers {(int)response.StatusCode}");
            }

            await response.Content.LoadIntoBufferAsync(longest, either.Token);
            return (await response.Content.ReadAsByteArrayAsync(either.Token), "");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Leave(Server(request.RequestUri));
            return (null, $"{request.RequestUri} does not answer");
        }
    }

    /// <summary>Leaves a server alone for the length of the timeout with questions about an issuer's certificates: what it says of them is of no use, however quickly it says so.</summary>
    public void Leave(Uri url, Certificate issuer) => Leave(Server(url, issuer));

    public void Dispose() => _http.Dispose();

    private bool IsLeft(string server) => _leftSince.TryGetValue(server, out var since) && clock.GetElapsedTime(since) < timeout;

    private void Leave(string server)
    {
        if (_leftSince.Count >= MostRemembered)
        {
            _leftSince.Clear();
        }

        _leftSince[server] = clock.GetTimestamp();
    }

    private static string Server(Uri? url) => url?.GetLeftPart(UriPartial.Path) ?? "";

    private static string Server(Uri? url, Certificate issuer) => $"{Server(url)} {Convert.ToHexString(issuer.SubjectKeyIdentifier.Span)}";
}
