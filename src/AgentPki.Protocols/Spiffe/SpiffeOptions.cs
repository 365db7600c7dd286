namespace AgentPki.Protocols.Spiffe;

/// <summary>Limits of the Workload API.</summary>
public sealed record SpiffeOptions
{
    /// <summary>Calls of one user that are open at one time, streams above all.</summary>
    public int CallsPerUser { get; init; } = 1000;

    /// <summary>How soon a stream looks again while the token or the store cannot work.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);
}
