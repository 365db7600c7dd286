using System.Collections.Concurrent;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation.Feed;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>
/// Who holds a stream open, or waits in a poll: how many altogether and of each address, and who does not read. A subscriber is a place in the feed and a connection; it has no queue.
/// </summary>
public sealed class FeedSubscribers : IDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    private readonly RevocationFeed _feed;
    private readonly RevocationWireOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<FeedSubscriber, byte> _writing = new();
    private readonly ITimer _timer;
    private int _count;

    public FeedSubscribers(RevocationFeed feed, RevocationWireOptions options, TimeProvider time)
    {
        (_feed, _options, _time) = (feed, options.Validate(), time);
        _timer = time.CreateTimer(_ => CutStalled(), null, Round, Round);
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Lets a subscriber in; null, with the refusal, when there are too many.</summary>
    internal FeedSubscriber? TryEnter(HttpContext context, string address, out PkiProblem? refusal)
    {
        refusal = null;
        if (Interlocked.Increment(ref _count) > _options.MaximumSubscribers)
        {
            Interlocked.Decrement(ref _count);
            refusal = new PkiProblem(PkiProblemKind.Unavailable, "as many as can are following the revocation feed; try again later, or use another node", TimeSpan.FromSeconds(30));
        }
        else if (_byAddress.AddOrUpdate(address, 1, static (_, count) => count + 1) > _options.SubscribersPerAddress)
        {
            Leave(address);
            refusal = new PkiProblem(PkiProblemKind.RateLimited, $"this address follows the revocation feed {_options.SubscribersPerAddress} times already; the appliance's revocations.subscribersPerAddress allows no more", TimeSpan.FromSeconds(30));
        }

        return refusal is null ? new FeedSubscriber(this, _feed.Subscribe(), context, address) : null;
    }

    public void Dispose() => _timer.Dispose();

    internal void Leave(string address)
    {
        Interlocked.Decrement(ref _count);
        var left = _byAddress.AddOrUpdate(address, 0, static (_, count) => count - 1);
        if (left <= 0)
        {
            // Removes the pair only while it still says zero.
            _byAddress.TryRemove(new KeyValuePair<string, int>(address, left));
        }
    }

    internal void BeginWriting(FeedSubscriber subscriber)
    {
        subscriber.WaitsSince = _time.GetTimestamp();
        _writing[subscriber] = 0;
    }

    internal void EndWriting(FeedSubscriber subscriber) => _writing.TryRemove(subscriber, out _);

    private void CutStalled()
    {
        foreach (var (subscriber, _) in _writing)
        {
            if (_time.GetElapsedTime(subscriber.WaitsSince) > _options.StallLimit)
            {
                subscriber.Cut();
            }
        }
    }
}
