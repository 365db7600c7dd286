namespace AgentPki.Protocols.Acme.Nonces;

/// <summary>How nonces are made and for how long they are good.</summary>
public sealed record AcmeNonceOptions
{
    /// <summary>The smallest window that serves a few clients at once.</summary>
    public const int SmallestWindow = 64;

    /// <summary>The largest window: 32 MiB of memory.</summary>
    public const int LargestWindow = 1 << 28;

    /// <summary>The node that makes them and at which alone they are redeemed; each of several nodes behind one name needs its own.</summary>
    public ushort Node { get; init; }

    /// <summary>How many nonces are remembered, one bit each; a multiple of 64. When this many newer ones were made, an older one is refused.</summary>
    public int Window { get; init; } = 1 << 20;

    /// <summary>How long a nonce is good.</summary>
    public TimeSpan MaximumAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>One sentence for each value that cannot be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (Window is < SmallestWindow or > LargestWindow || Window % 64 != 0)
        {
            yield return $"The window of ACME nonces is {Window}; it must be a multiple of 64 from {SmallestWindow} to {LargestWindow}.";
        }

        if (MaximumAge < TimeSpan.FromSeconds(1) || MaximumAge > TimeSpan.FromDays(7))
        {
            yield return $"The maximum age of ACME nonces is {MaximumAge}; it must be from one second to seven days.";
        }
    }
}
