namespace AgentPki.Storage;

/// <summary>Where the store is and how much memory it may use.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The database file; its folder holds the write-ahead log and the lock file too.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>
    /// The file outside of the database that every checkpoint is appended to; null for none. Put it on another disk, or copy it away: a database
    /// set back to an older state is told by it.
    /// </summary>
    public string? CheckpointsPath { get; init; }

    /// <summary>Connections that read at the same time, at most.</summary>
    public int Readers { get; init; } = 8;

    /// <summary>Page cache of the writer. What matters for speed are the inner pages of the three random indexes: 32 MB hold those of millions of rows.</summary>
    public int WriterCacheKilobytes { get; init; } = 32 * 1024;

    /// <summary>Page cache of each reader; the operating system's cache stands behind it.</summary>
    public int ReaderCacheKilobytes { get; init; } = 2 * 1024;

    /// <summary>The database grows no larger than this many octets; null: as large as the disk lets it.</summary>
    public long? MaxDatabaseBytes { get; init; }

    /// <summary>
    /// Opens although the log is shorter than, or not the one of, its last checkpoint in <see cref="CheckpointsPath"/>: after a restore, whose first
    /// act must be <see cref="SqliteStore.BeginEpoch"/>.
    /// </summary>
    public bool AllowSetBack { get; init; }

    /// <summary>For the test that proves the power-loss test: anything but FULL loses released certificates.</summary>
    internal string Synchronous { get; init; } = "FULL";

    /// <summary>Frames in the write-ahead log from which a checkpoint is worth its flushes.</summary>
    internal int CheckpointFrames { get; init; } = 4096;
}
