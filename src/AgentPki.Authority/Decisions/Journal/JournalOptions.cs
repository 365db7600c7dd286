namespace AgentPki.Authority.Decisions.Journal;

/// <summary>Where decisions are written down, and how.</summary>
/// <param name="Folder">Made when it is not there.</param>
public sealed record JournalOptions(string Folder)
{
    /// <summary>A segment that has grown to this is closed.</summary>
    public long SegmentOctets { get; init; } = 64L * 1024 * 1024;

    /// <summary>Whether a record has to be on the disk, and not only with the operating system, before its decision is answered.</summary>
    public bool IsDurable { get; init; } = true;

    /// <summary>Records that may wait for their anchor; with more of them nothing is permitted.</summary>
    public int MaximumUnanchored { get; init; } = 1_000_000;
}
