using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>The feed as Server-Sent Events (HTML Living Standard §9.2) and as a long poll.</summary>
internal sealed class FeedHandler(RevocationServices services)
{
    // What is written between two flushes stays in memory for a reader that does not read.
    private const int EntriesPerFlush = 8;
    private const string EventStream = "text/event-stream";
    private const string Json = "application/json";

    // One form of each statement for all subscribers, for as long as the feed holds it.
    private readonly ConditionalWeakTable<FeedEntry, byte[]> _frames = [];

    public async Task GetAsync(HttpContext context)
    {
        var address = services.Clients.AddressOf(context);
        if (services.Rates.Take(null, address, null) is { } tooMany)
        {
            await RevocationProblems.WriteAsync(context, tooMany);
            return;
        }

        if (!services.Feed.IsThere)
        {
            await RevocationProblems.NoFeedAsync(context);
            return;
        }

        if (!TryReadCursor(context.Request, out var after) || !TryReadWait(context.Request, out var wait))
        {
            await RevocationProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.MalformedRequest, "after (or Last-Event-ID) must be a sequence, a number from 0, and wait a number of seconds"));
            return;
        }

        using var subscriber = services.Subscribers.TryEnter(context, address, out var refusal);
        if (subscriber is null)
        {
            await RevocationProblems.WriteAsync(context, refusal ?? new PkiProblem(PkiProblemKind.Unavailable, "the feed is not there"));
            return;
        }

        try
        {
            // Without a cursor: from now on.
            var cursor = after ?? services.Feed.Window.Last;
            if (await services.Feed.ReadAsync(cursor, context.RequestAborted) is not { } first)
            {
                await RevocationProblems.GoneAsync(context, services.Feed.Window.Last);
                return;
            }

            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Feed.Stopping);
            await (wait is not null || WantsJson(context.Request) ? PollAsync(context, cursor, first, wait ?? TimeSpan.Zero, ending.Token) : StreamAsync(context, subscriber, cursor, ending.Token));
        }
        catch (StoreUnavailableException failure) when (!context.Response.HasStarted)
        {
            await RevocationProblems.UnavailableAsync(context, failure);
        }
        catch (StoreUnavailableException)
        {
            context.Abort(); // it comes back with its cursor
        }
        catch (OperationCanceledException) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await RevocationProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.Unavailable, "the appliance stops", TimeSpan.FromSeconds(2)));
        }
        catch (OperationCanceledException)
        {
            // The client is gone, was cut, or the appliance stops.
        }
    }

    private async Task StreamAsync(HttpContext context, FeedSubscriber subscriber, long cursor, CancellationToken cancellationToken)
    {
        subscriber.Bound(services.Options.SendBuffer);
        context.Response.ContentType = EventStream;
        context.Response.Headers.CacheControl = "no-store, no-transform";
        context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx
        await context.Response.StartAsync(context.RequestAborted);
        FeedEntry? beat = null;
        while (true)
        {
            var window = services.Feed.Window;
            if (await NextAsync(window, cursor, cancellationToken) is not { } entries)
            {
                return; // It fell behind what is kept: the answer to its next request says so.
            }

            foreach (var entry in entries.Take(EntriesPerFlush))
            {
                context.Response.BodyWriter.Write(FrameOf(entry));
                cursor = entry.Sequence;
            }

            // A heartbeat comes after the events that it includes.
            if (window.Heartbeat is { } heartbeat && heartbeat != beat && cursor >= heartbeat.Sequence)
            {
                context.Response.BodyWriter.Write(FrameOf(heartbeat));
                beat = heartbeat;
            }

            // Not ended by the appliance's stop, which would tear the connection down in the middle.
            await subscriber.FlushAsync(context.RequestAborted);
            if (cursor >= window.Last)
            {
                await window.Replaced.WaitAsync(cancellationToken);
            }
        }
    }

    private async Task PollAsync(HttpContext context, long cursor, IReadOnlyList<FeedEntry> events, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(wait, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            while (events.Count == 0 && wait > TimeSpan.Zero)
            {
                var window = services.Feed.Window;
                events = await NextAsync(window, cursor, either.Token) is { } next ? [.. next] : [];
                if (events.Count == 0)
                {
                    await window.Replaced.WaitAsync(either.Token);
                }
            }
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Nothing happened.
        }

        var last = events.Count == 0 ? cursor : events[^1].Sequence;
        var heartbeat = services.Feed.Window.Heartbeat;
        context.Response.ContentType = Json;
        context.Response.Headers.CacheControl = "no-store";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteNumber("after", last);
        writer.WriteStartArray("statements");
        foreach (var entry in heartbeat is not null && heartbeat.Sequence <= last ? events.Append(heartbeat) : events)
        {
            writer.WriteStringValue(entry.Jws);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>What follows a sequence, from memory where it is there.</summary>
    private async ValueTask<IEnumerable<FeedEntry>?> NextAsync(FeedWindow window, long cursor, CancellationToken cancellationToken) =>
        window.After(cursor) ?? await services.Feed.ReadAsync(cursor, cancellationToken);

    private byte[] FrameOf(FeedEntry entry) => _frames.GetValue(entry, static e => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {e.Sequence}\nevent: {e.Kind}\ndata: {e.Jws}\n\n")));

    private static bool WantsJson(HttpRequest request) => request.Headers.Accept.Any(a => a?.StartsWith(Json, StringComparison.OrdinalIgnoreCase) == true);

    // The header goes first: a browser that connects again sends it, and the URL that it began with.
    private static bool TryReadCursor(HttpRequest request, out long? after)
    {
        after = null;
        var text = request.Headers["Last-Event-ID"] is [{ Length: > 0 } id] ? id : request.Query["after"] is [{ } query] ? query : null;
        if (text is null)
        {
            return request.Query["after"].Count == 0;
        }

        var read = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        after = number;
        return read;
    }

    private bool TryReadWait(HttpRequest request, out TimeSpan? wait)
    {
        wait = null;
        if (request.Query["wait"] is not [{ } text])
        {
            return request.Query["wait"].Count == 0;
        }

        var read = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
        wait = TimeSpan.FromSeconds(Math.Min(seconds, services.Options.LongestWait.TotalSeconds));
        return read;
    }
}
