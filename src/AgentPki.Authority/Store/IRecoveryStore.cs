using AgentPki.Ledger;

namespace AgentPki.Authority.Store;

/// <summary>A store that can be copied while it is written, and followed from the copy on.</summary>
public interface IRecoveryStore
{
    /// <summary>Holds on to the state of this moment.</summary>
    /// <param name="follower">Told of every commit after exactly this state, until <see cref="Unfollow"/>; null: nobody. There is one at a time: a new one takes the place of the old.</param>
    /// <exception cref="StoreUnavailableException">It cannot be read now.</exception>
    ValueTask<IStoreSnapshot> SnapshotAsync(ICommitFollower? follower, CancellationToken cancellationToken);

    /// <summary>Tells that follower nothing more.</summary>
    void Unfollow(ICommitFollower follower);

    /// <summary>The newest entry of a kind; null: there is none. Reads the whole ledger where there is none.</summary>
    ValueTask<LedgerRecord?> LatestOfKindAsync(LedgerEntryKind kind, CancellationToken cancellationToken);

    /// <summary>The newest backup; null: none was made.</summary>
    ValueTask<BackupRecord?> LatestBackupAsync(CancellationToken cancellationToken);
}

/// <summary>One state of a store, however long it is read while others write. Dispose it soon: the store's log grows until then.</summary>
public interface IStoreSnapshot : IAsyncDisposable
{
    /// <summary>Where the ledger stood.</summary>
    LedgerHead Head { get; }

    /// <summary>The newest signed checkpoint in it, as a note; null: none was signed yet.</summary>
    string? Checkpoint { get; }

    /// <summary>Certificates in it.</summary>
    long Certificates { get; }

    /// <summary>Writes all of it to a stream, in memory that does not grow with it.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be read.</exception>
    /// <exception cref="IOException">The stream takes no more.</exception>
    Task WriteAsync(Stream target, CancellationToken cancellationToken);
}

/// <summary>Whom a store tells of its commits.</summary>
public interface ICommitFollower
{
    /// <summary>Called in order, between the commit and the release of its callers: whoever waits here holds up everything.</summary>
    void Committed(RecordedCommit commit);

    /// <summary>It is not known any more what the store holds (a commit whose fate is in doubt): nothing follows; a new snapshot is wanted.</summary>
    void Lost();
}

/// <summary>What one commit did to the store, to be repeated on a copy of it.</summary>
/// <param name="Head">Where the ledger stands after it.</param>
/// <param name="Statements">In the store's own encoding.</param>
public sealed record RecordedCommit(LedgerHead Head, ReadOnlyMemory<byte> Statements);
