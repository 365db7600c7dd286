namespace AgentPki.Authority.Revocation.Feed;

/// <summary>One open stream, for the metrics.</summary>
public sealed class FeedSubscription : IDisposable
{
    private readonly AuthorityMetrics _metrics;

    internal FeedSubscription(AuthorityMetrics metrics)
    {
        _metrics = metrics;
        metrics.Subscribers(1);
    }

    /// <summary>It was cut because nobody read it.</summary>
    public void Stalled() => _metrics.SubscriberStalled();

    public void Dispose() => _metrics.Subscribers(-1);
}
