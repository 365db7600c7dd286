namespace AgentPki.Protocols.Revocations;

/// <summary>Settings of the revocation feed over HTTP.</summary>
public sealed record RevocationWireOptions
{
    /// <summary>Open streams and waiting polls altogether.</summary>
    public int MaximumSubscribers { get; init; } = 20_000;

    /// <summary>Open streams and waiting polls of one address.</summary>
    public int SubscribersPerAddress { get; init; } = 100;

    /// <summary>How long a stream may leave what was sent unread before it is cut; it goes on from where it was when it comes back.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest <c>wait</c> of a long poll.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Octets that the kernel may hold for a stream that is not read (it takes twice as much); without it, it would grow to megabytes.</summary>
    public int SendBuffer { get; init; } = 16 * 1024;

    /// <summary>How long caches may keep sets and certificates, which never change.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromDays(365);

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public RevocationWireOptions Validate() =>
        MaximumSubscribers >= 1 && SubscribersPerAddress >= 1 && StallLimit > TimeSpan.Zero && LongestWait > TimeSpan.Zero && SendBuffer >= 4096 && CacheLifetime >= TimeSpan.Zero
            ? this
            : throw new ArgumentException("revocations: subscriber limits must be at least 1, stallLimit and longestWait positive, sendBuffer at least 4096.");
}
