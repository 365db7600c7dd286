using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Tests.Revocation;

/// <summary>A whole authority with its feed, as a follower reaches it, and a wire between them that does what a test tells it.</summary>
internal sealed class FeedStub : IAsyncDisposable
{
    private static readonly Func<FeedEntry, string?> Plain = static entry => entry.Jws;
    private readonly List<Pipe> _streams = [];
    private readonly CancellationTokenSource _ending = new();

    private FeedStub(TestAuthority authority) => Authority = authority;

    public TestAuthority Authority { get; }

    public RevocationFeed Feed => Authority.Services.Feed;

    /// <summary>What goes over the wire in a statement's place; null: nothing.</summary>
    public Func<FeedEntry, string?> Wire { get; set; } = Plain;

    /// <summary>Whether everything goes over the wire as it is.</summary>
    public bool IsHonest => !IsDown && Wire == Plain;

    /// <summary>Changes a set's, a bucket's or a signer's octets.</summary>
    public Func<string, byte[], byte[]> Octets { get; set; } = static (_, octets) => octets;

    public bool IsDown { get; set; }

    /// <summary>Sets that are not kept any more.</summary>
    public Func<string, bool> IsForgotten { get; set; } = static _ => false;

    /// <summary>Paths that were asked for.</summary>
    public List<string> Asked { get; } = [];

    public static async Task<FeedStub> StartAsync(FeedOptions? options = null)
    {
        var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { Feed = options ?? new FeedOptions() });
        await authority.Services.Feed.StartAsync(CancellationToken.None);
        return new FeedStub(authority);
    }

    public HttpMessageHandler Handler() => new Door(this);

    public async Task RevokeAsync(Certificate certificate, RevocationReason reason = RevocationReason.KeyCompromise) => await Authority.Services.Revocations.RevokeAsync(
        new RevocationRequest(new RevocationTarget.OneCertificate(certificate), reason, "admin:test", "test", "c"), CancellationToken.None);

    public async Task ReleaseAsync(Certificate certificate) =>
        await Authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.OneCertificate(certificate), "admin:test", "test", "c"), CancellationToken.None);

    /// <summary>Ends every open stream.</summary>
    public async Task CutAsync()
    {
        Pipe[] streams;
        lock (_streams)
        {
            streams = [.. _streams];
            _streams.Clear();
        }

        foreach (var stream in streams)
        {
            await stream.Writer.CompleteAsync(new IOException("cut (test)"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await CutAsync();
        await Authority.DisposeAsync();
        _ending.Dispose();
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath["/revocations/".Length..];
        lock (Asked)
        {
            Asked.Add(path);
        }

        if (IsDown)
        {
            throw new HttpRequestException("down (test)");
        }

        return path.Split('/') switch
        {
            ["sets", ..] when IsForgotten(path) => new HttpResponseMessage(HttpStatusCode.NotFound),
            ["feed"] => await FollowAsync(long.Parse(request.RequestUri.Query["?after=".Length..], CultureInfo.InvariantCulture), cancellationToken),
            ["snapshot"] => Found(Wire((await Feed.SnapshotAsync(cancellationToken))!) is { } text ? Encoding.ASCII.GetBytes(text) : null),
            ["sets", var name] => Found(await Feed.FindSetAsync(name, cancellationToken) is { } set ? Octets(path, set.Set.Octets.ToArray()) : null),
            ["sets", var name, "buckets", var bucket] => Found(
                await Feed.FindSetAsync(name, cancellationToken) is { } set && set.BucketWithPath(int.Parse(bucket, CultureInfo.InvariantCulture)) is { } octets ? Octets(path, octets) : null),
            ["signers", var thumbprint] => Found(Octets(path, await Feed.FindSignerAsync(Convert.FromHexString(thumbprint), cancellationToken) ?? [])),
            _ => new HttpResponseMessage(HttpStatusCode.NotFound),
        };
    }

    private async Task<HttpResponseMessage> FollowAsync(long after, CancellationToken cancellationToken)
    {
        if (await Feed.ReadAsync(after, cancellationToken) is null)
        {
            return new HttpResponseMessage(HttpStatusCode.Gone);
        }

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        lock (_streams)
        {
            _streams.Add(pipe);
        }

        _ = Task.Run(() => PumpAsync(pipe, after), CancellationToken.None);
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(pipe.Reader.AsStream()) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return response;
    }

    private async Task PumpAsync(Pipe pipe, long cursor)
    {
        try
        {
            FeedEntry? beat = null;
            while (!_ending.IsCancellationRequested)
            {
                var window = Feed.Window;
                foreach (var entry in window.After(cursor) ?? await Feed.ReadAsync(cursor, _ending.Token) ?? [])
                {
                    await SendAsync(pipe, entry);
                    cursor = entry.Sequence;
                }

                if (window.Heartbeat is { } heartbeat && heartbeat != beat)
                {
                    await SendAsync(pipe, heartbeat);
                    beat = heartbeat;
                }

                await window.Replaced.WaitAsync(_ending.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidOperationException)
        {
            // Cut, or the end.
        }
    }

    private async Task SendAsync(Pipe pipe, FeedEntry entry)
    {
        if (Wire(entry) is { } text)
        {
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes($"id: {entry.Sequence}\nevent: {entry.Kind}\ndata: {text}\n\n"));
        }
    }

    private static HttpResponseMessage Found(byte[]? octets) =>
        octets is null or [] ? new HttpResponseMessage(HttpStatusCode.NotFound) : new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(octets) };

    private sealed class Door(FeedStub stub) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => stub.AnswerAsync(request, cancellationToken);
    }
}
