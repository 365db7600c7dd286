namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>Where and how commits are shipped.</summary>
/// <param name="Folder">The target: another disk, or another machine's, mounted.</param>
public sealed record ShippingOptions(string Folder)
{
    /// <summary>How long a commit waits for others to be shipped with it: what a disaster can take.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Octets that may wait while the target is away; more, and a new base is shipped when it is back.</summary>
    public long Capacity { get; init; } = 64 << 20;

    /// <summary>Octets of a segment, about.</summary>
    public long SegmentSize { get; init; } = 256 << 20;
}
