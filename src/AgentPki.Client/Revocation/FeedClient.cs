using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Revocations;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;

namespace AgentPki.Client.Revocation;

/// <summary>The feed's resources over HTTP (docs/revocation-feed.md). Nothing that comes is believed here, and nothing may be longer than it has to be.</summary>
internal sealed class FeedClient : IDisposable
{
    private const int LongestStatement = 64 * 1024;
    private const int LongestChain = 128 * 1024;
    private readonly HttpClient _http;
    private readonly RevocationFollowerOptions _options;
    private readonly TimeProvider _clock;

    public FeedClient(RevocationFollowerOptions options, HttpMessageHandler handler, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _http = new HttpClient(handler, disposeHandler: true) { BaseAddress = options.Server, Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("AgentPki");
    }

    /// <summary>What may go wrong with a server and its network, other than that the caller gave up.</summary>
    public static bool IsFailure(Exception failure, CancellationToken cancellationToken) =>
        failure is FeedException or HttpRequestException or IOException or TimeoutException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Statements after a sequence, as they come, until the stream ends.</summary>
    /// <exception cref="FeedException">The answer is no stream, or <see cref="FeedException.IsGone"/>.</exception>
    /// <exception cref="TimeoutException">Silence.</exception>
    public async IAsyncEnumerable<string> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/revocations/feed?after={after}"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await SendAsync(request, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            throw new FeedException($"{_options.Server} answered with {response.Content.Headers.ContentType}, not with a stream of events");
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var lines = new EventStreamReader(stream, LongestStatement);
        while (await lines.ReadDataAsync(cancellationToken).AsTask().WaitAsync(_options.Timeout, _clock, cancellationToken) is { } statement)
        {
            yield return statement;
        }
    }

    public async Task<string> SnapshotAsync(CancellationToken cancellationToken) => Encoding.UTF8.GetString(await GetAsync("/revocations/snapshot", LongestStatement, cancellationToken));

    public Task<byte[]> SetAsync(StatedSet set, CancellationToken cancellationToken) => GetAsync($"/revocations/sets/{set.Name}", set.Commitment.Octets, cancellationToken);

    public Task<byte[]> BucketAsync(StatedSet set, int bucket, CancellationToken cancellationToken) =>
        GetAsync(string.Create(CultureInfo.InvariantCulture, $"/revocations/sets/{set.Name}/buckets/{bucket}"), set.Commitment.Octets + (RevocationSetCommitment.MaximumBucketBits * MerkleHash.Size), cancellationToken);

    /// <summary>The signer's certificate and what leads to its root.</summary>
    public async Task<IReadOnlyList<Certificate>> SignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken)
    {
        try
        {
            return CertsOnly.Parse(await GetAsync($"/revocations/signers/{Convert.ToHexStringLower(thumbprint.Span)}", LongestChain, cancellationToken));
        }
        catch (MalformedDataException error)
        {
            throw new FeedException($"the feed signer's certificates cannot be read: {error.Message}", error);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> GetAsync(string path, long longest, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, cancellationToken);
        return await ReadAsync(response, path, longest, cancellationToken).WaitAsync(_options.Timeout, _clock, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await BeginAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            throw new FeedException(string.Create(CultureInfo.InvariantCulture, $"{_options.Server} answered {(int)response.StatusCode} to {request.RequestUri?.PathAndQuery}"))
            {
                IsGone = response.StatusCode is HttpStatusCode.Gone or HttpStatusCode.NotFound,
                IsPast = response.StatusCode == HttpStatusCode.Gone,
                IsRefusal = true,
                RetryAfter = response.Headers.RetryAfter?.Delta,
            };
        }
    }

    // Ended, not only no longer waited for: a server that accepts and says nothing must not gather our connections.
    private async Task<HttpResponseMessage> BeginAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(_options.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string path, long longest, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var octets = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (octets.Length + read > longest)
            {
                throw new FeedException(string.Create(CultureInfo.InvariantCulture, $"{path} is longer than {longest} octets"));
            }

            await octets.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return octets.ToArray();
    }
}
