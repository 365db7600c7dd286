using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Storage.Snapshots;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IRecoveryStore
{
    private ICommitFollower? _follower;

    /// <inheritdoc/>
    public ValueTask<IStoreSnapshot> SnapshotAsync(ICommitFollower? follower, CancellationToken cancellationToken) => new(Task.Run(() => Explained(() => Snapshot(follower)), cancellationToken));

    /// <inheritdoc/>
    public void Unfollow(ICommitFollower follower)
    {
        lock (_writing)
        {
            if (ReferenceEquals(_follower, follower))
            {
                Follow(null);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<LedgerRecord?> LatestOfKindAsync(LedgerEntryKind kind, CancellationToken cancellationToken) => FindAsync(
        $"SELECT {LedgerReads.Columns} FROM ledger WHERE kind = ?1 ORDER BY leaf DESC LIMIT 1",
        rows => rows.Bind(1, (long)kind),
        row => LedgerReads.Record(row, _logId),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BackupRecord?> LatestBackupAsync(CancellationToken cancellationToken) => FindAsync(
        "SELECT id, kind, created, entries, octets, sha256 FROM backups ORDER BY number DESC LIMIT 1",
        static _ => { },
        static row => new BackupRecord(row.GetText(0), (ArchiveKind)row.GetInt64(1), row.GetTime(2), row.GetInt64(3), row.GetInt64(4), row.GetBlob(5)),
        cancellationToken);

    private IStoreSnapshot Snapshot(ICommitFollower? follower)
    {
        // A connection of its own: it is held for long, and readers of the pool are for answers.
        var session = OpenReader(_options, immutable: false);
        try
        {
            lock (_writing)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                session.Execute(SqliteDialect.BeginRead);
                session.QueryInt64("SELECT count(*) FROM log"); // the first read is what fixes the state
                if (follower is not null)
                {
                    Follow(follower);
                }
            }

            return new StoreSnapshot(session, _logId, _options.DatabasePath);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private void Follow(ICommitFollower? follower)
    {
        if (_writer is null)
        {
            throw new InvalidOperationException("This store was opened for reading only.");
        }

        // A new recorder: the texts that the old one's follower knows are not the new one's.
        (_follower, _writer.Recorder) = (follower, follower is null ? null : new StatementRecorder());
    }

    /// <summary>Called with the lock held, right after a commit.</summary>
    private void TellFollower()
    {
        if (_follower is { } follower && _writer?.Recorder?.Take() is { Length: > 0 } statements && _batches?.Durable is { } durable)
        {
            follower.Committed(new RecordedCommit(new LedgerHead(_logId, durable.Epoch, durable.Frontier.Size, durable.Frontier.Root()), statements));
        }
    }

    /// <summary>Called with the lock held, after a failure that leaves open what the disk holds.</summary>
    private void LoseFollower()
    {
        if (_follower is { } follower)
        {
            Follow(null);
            follower.Lost();
        }
    }
}
