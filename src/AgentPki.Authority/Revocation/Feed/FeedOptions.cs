namespace AgentPki.Authority.Revocation.Feed;

/// <summary>Settings of the revocation feed.</summary>
public sealed record FeedOptions
{
    /// <summary>How often the feed says that nothing more has happened. A follower that tolerates 30 seconds of silence loses five of them before it fails closed.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Statements kept at most: a follower that comes back after more events takes the snapshot.</summary>
    public int KeptStatements { get; init; } = 100_000;

    /// <summary>How long statements are kept.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The newest statements that are in memory, for all subscribers together: some two kilobytes each, five at most.</summary>
    public int WindowStatements { get; init; } = 1024;

    /// <summary>The shortest time between two snapshots; a newcomer takes the last one and the events since.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Octets of events' sets in memory at most, the newest excepted; the others are read from the store.</summary>
    public long CachedSetOctets { get; init; } = 64 << 20;

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public void Validate()
    {
        if (Heartbeat <= TimeSpan.Zero || KeptStatements < 1 || KeptFor <= TimeSpan.Zero || WindowStatements < 1 || SnapshotInterval < TimeSpan.Zero || CachedSetOctets < 0)
        {
            throw new ArgumentException("The revocation feed's heartbeat and times must be positive, and at least one statement must be kept.");
        }
    }
}
