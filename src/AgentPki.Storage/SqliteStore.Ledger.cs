using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ILedgerStore
{
    private readonly Lock _appendingCheckpoint = new();

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellationToken)
    {
        if (_batches is { } writing)
        {
            var durable = writing.Durable;
            return new(new LedgerHead(_logId, durable.Epoch, durable.Frontier.Size, durable.Frontier.Root()));
        }

        return QueryAsync(
            session =>
            {
                // One state, although a running server writes on.
                session.Execute(SqliteDialect.BeginRead);
                try
                {
                    return HeadOf(session, _logId);
                }
                finally
                {
                    session.Execute(SqliteDialect.Commit);
                }
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerExtent> ExtentAsync(CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var last = session.Prepared("SELECT leaf, epoch FROM ledger ORDER BY leaf DESC LIMIT 1");
            var extent = last.Read() ? new LedgerExtent(_logId, last.GetInt64(1), last.GetInt64(0) + 1) : new LedgerExtent(_logId, 1, 0);
            last.Reset();
            return extent;
        },
        cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<LedgerRecord> ReadAsync(long from, CancellationToken cancellationToken) => StreamAsync(
        $"SELECT {LedgerReads.Columns} FROM ledger WHERE leaf >= ?1 ORDER BY leaf",
        rows => rows.Bind(1, from),
        rows => LedgerReads.Record(rows, _logId),
        cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ReadCheckpointsAsync(CancellationToken cancellationToken) =>
        StreamAsync("SELECT note FROM checkpoints ORDER BY size", _ => { }, rows => rows.GetText(0), cancellationToken);

    ValueTask<LedgerRecord?> ILedgerStore.FindAsync(long index, CancellationToken cancellationToken) => FindAsync(
        $"SELECT {LedgerReads.Columns} FROM ledger WHERE leaf = ?1",
        rows => rows.Bind(1, index),
        rows => LedgerReads.Record(rows, _logId),
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<SignedCheckpoint?> LatestCheckpointAsync(CancellationToken cancellationToken)
    {
        var note = await FindAsync("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1", _ => { }, rows => rows.GetText(0), cancellationToken);
        return note is not null && SignedCheckpoint.TryParse(note, out var checkpoint, out _) ? checkpoint : null;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken) =>
        QueryAsync<IReadOnlyList<MerkleHash>>(session => LedgerReads.Hashes(session, _logId, level, first, count), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask AddCheckpointAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var body = checkpoint.Checkpoint;
        var last = await ((ILedgerStore)this).FindAsync(body.Size - 1, cancellationToken);
        if (last is null || body.Origin != Checkpoint.OriginOf(_logId, last.Leaf.Epoch) || body.Root != await new MerkleProver(this).RootAsync(body.Size, cancellationToken))
        {
            throw new ArgumentException($"The checkpoint of size {body.Size} is not of this log.", nameof(checkpoint));
        }

        // On another thread: both flushes block.
        await Task.Run(() => Keep(checkpoint), cancellationToken);
    }

    internal static LedgerHead HeadOf(SqlSession session, LogId logId)
    {
        var position = LoadPosition(session, logId);
        return new LedgerHead(logId, position.Epoch, position.Frontier.Size, position.Frontier.Root());
    }

    private void Keep(SignedCheckpoint checkpoint)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_writer is null)
            {
                throw new InvalidOperationException("This store was opened for reading only.");
            }

            Explained(() => _writer.Prepared("INSERT INTO checkpoints (size, note) VALUES (?1, ?2) ON CONFLICT (size) DO UPDATE SET note = excluded.note")
                .Bind(1, checkpoint.Checkpoint.Size).Bind(2, checkpoint.ToString()).Execute());
            TellFollower();
        }

        lock (_appendingCheckpoint)
        {
            if (_options.CheckpointsPath is { } path)
            {
                try
                {
                    CheckpointLog.Append(path, checkpoint);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    Log.CheckpointFileFailed(_logger, path, failure);
                    throw new StoreUnavailableException($"The checkpoint could not be appended to {path}: {failure.Message} Give the service's user write access to it, and the disk space.", failure);
                }
            }
        }
    }
}
