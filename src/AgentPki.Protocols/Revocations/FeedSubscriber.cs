using AgentPki.Authority.Revocation.Feed;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>One connection that follows the feed.</summary>
internal sealed class FeedSubscriber(FeedSubscribers all, FeedSubscription subscription, HttpContext context, string address) : IDisposable
{
    private readonly Lock _gate = new();
    private bool _waits;

    /// <summary>The timestamp from which on it has not taken what was sent; means something while it is written to.</summary>
    public long WaitsSince { get; set; }

    /// <summary>What the kernel holds for a reader that does not read is bounded as well as what we hold.</summary>
    public void Bound(int sendBuffer)
    {
        // HTTP/2 has one connection for many streams, and its own flow control for each.
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IConnectionSocketFeature>() is { } feature)
        {
            feature.Socket.SendBufferSize = sendBuffer;
        }
    }

    /// <summary>Sends what was written; while that waits for the reader, the subscriber can be cut.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var flush = context.Response.BodyWriter.FlushAsync(cancellationToken);
        if (flush.IsCompletedSuccessfully)
        {
            _ = flush.Result;
            return;
        }

        lock (_gate)
        {
            _waits = true;
        }

        all.BeginWriting(this);
        try
        {
            await flush;
        }
        finally
        {
            all.EndWriting(this);
            lock (_gate)
            {
                _waits = false;
            }
        }
    }

    /// <summary>Ends the connection of one who still does not read; once.</summary>
    public void Cut()
    {
        // Under the lock, because the request of a context that is no longer waited for may have ended, and the context be another's by now.
        lock (_gate)
        {
            if (_waits)
            {
                _waits = false;
                subscription.Stalled();
                context.Abort();
            }
        }
    }

    public void Dispose()
    {
        all.Leave(address);
        subscription.Dispose();
    }
}
