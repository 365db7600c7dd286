using System.Threading.Channels;
using AgentPki.Agents.Behaviour;

namespace AgentPki.Authority.Watching;

/// <summary>
/// What agents do, on its way to whoever watches them. Bounded: whoever is on the way of a request puts an event in or drops it, and never waits.
/// </summary>
public sealed class BehaviourQueue
{
    private readonly Channel<BehaviourEvent> _events;
    private long _dropped;

    public BehaviourQueue(int capacity = 65_536) =>
        _events = Channel.CreateBounded<BehaviourEvent>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Events that were dropped because the queue was full.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    public int Waiting => _events.Reader.Count;

    internal ChannelReader<BehaviourEvent> Reader => _events.Reader;

    /// <summary>What an agent did. Returns at once.</summary>
    public void Publish(BehaviourEvent seen)
    {
        if (!_events.Writer.TryWrite(seen))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>What an actor did, if that is an agent: <c>agent:spiffe://…</c>.</summary>
    public void PublishFor(string actor, DateTimeOffset time, BehaviourKind kind, string? reason = null)
    {
        const string Prefix = "agent:";
        if (actor.StartsWith(Prefix, StringComparison.Ordinal))
        {
            Publish(new BehaviourEvent(time, actor[Prefix.Length..], kind) { Reason = reason });
        }
    }

    internal void Complete() => _events.Writer.TryComplete();
}
