using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    private const int ThinnedAtOnce = 500;
    private readonly Lock _appendingCheckpoint = new();

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ReadCheckpointsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Both in the order of sizes: lines are joined as they come, however many checkpoints there are.
        await using var lines = StreamAsync("SELECT size, name, key_id, octets FROM checkpoint_signatures ORDER BY size, witness, name, key_id", _ => { }, rows => (Size: rows.GetInt64(0), Line: Line(rows, 1)), cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        var more = await lines.MoveNextAsync();
        var joined = new List<NoteSignature>();
        await foreach (var (size, note) in StreamAsync("SELECT size, note FROM checkpoints ORDER BY size", _ => { }, rows => (rows.GetInt64(0), rows.GetText(1)), cancellationToken))
        {
            for (; more && lines.Current.Size <= size; more = await lines.MoveNextAsync())
            {
                if (lines.Current.Size == size)
                {
                    joined.Add(lines.Current.Line);
                }
            }

            yield return joined.Count > 0 && SignedNote.TryParse(note, out var parsed, out _) ? parsed.With(joined).ToString() : note;
            joined.Clear();
        }
    }

    /// <inheritdoc/>
    public ValueTask<SignedCheckpoint?> LatestCheckpointAsync(CancellationToken cancellationToken) =>
        QueryAsync(session => Joined(session, session.QueryInt64("SELECT max(size) FROM checkpoints")), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SignedCheckpoint?> LatestCosignedAsync(int witnesses, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var row = session.Prepared("SELECT size FROM checkpoint_signatures WHERE witness = 1 GROUP BY size HAVING count(DISTINCT name) >= ?1 ORDER BY size DESC LIMIT 1").Bind(1, (long)witnesses);
            long? size = row.Read() ? row.GetInt64(0) : null;
            row.Reset();
            return size is { } found ? Joined(session, found) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> AddSignaturesAsync(Checkpoint checkpoint, IReadOnlyList<NoteSignature> lines, CancellationToken cancellationToken)
    {
        if ((await QueryAsync(session => Joined(session, checkpoint.Size), cancellationToken))?.Checkpoint != checkpoint)
        {
            return false;
        }

        // On another thread: the flush blocks.
        await Task.Run(() => Keep(checkpoint, lines), cancellationToken);
        return true;
    }

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

    /// <inheritdoc/>
    public async ValueTask<int> ThinCheckpointsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        // 1. Which they are, while commits go on.
        var going = await ListAsync(
            """
            SELECT size FROM (
                SELECT c.size AS size,
                       row_number() OVER (PARTITION BY l.epoch, l.time / 3600000
                           ORDER BY (SELECT count(DISTINCT s.name) FROM checkpoint_signatures s WHERE s.size = c.size AND s.witness = 1) DESC, c.size DESC) AS place,
                       max(c.size) OVER (PARTITION BY l.epoch) AS newest
                FROM checkpoints c JOIN ledger l ON l.leaf = c.size - 1 WHERE l.time < ?1)
            WHERE place > 1 AND size < newest
            """,
            rows => rows.Bind(1, before),
            rows => rows.GetInt64(0),
            cancellationToken);
        if (going.Count == 0)
        {
            return 0;
        }

        // 2. They go a few at a time: the writer is the commits' own.
        foreach (var few in going.Chunk(ThinnedAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Run(() => LetGo(few), cancellationToken);
        }

        // 3. Then the file follows.
        if (_options.CheckpointsPath is { } path)
        {
            var gone = going.ToHashSet();
            await Task.Run(
                () =>
                {
                    lock (_appendingCheckpoint)
                    {
                        CheckpointLog.Shorten(path, checkpoint => !gone.Contains(checkpoint.Size) || !Checkpoint.TryParseOrigin(checkpoint.Origin, out var log, out _) || log != _logId);
                    }
                },
                cancellationToken);
        }

        return going.Count;
    }

    private void LetGo(long[] sizes)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var writer = _writer ?? throw new InvalidOperationException("This store was opened for reading only.");
            _ = Explained(() =>
            {
                writer.Execute(SqliteDialect.Begin);
                try
                {
                    foreach (var size in sizes)
                    {
                        writer.Prepared("DELETE FROM checkpoints WHERE size = ?1").Bind(1, size).Execute();
                    }

                    writer.Execute(SqliteDialect.Commit);
                    return true;
                }
                catch
                {
                    writer.Execute(SqliteDialect.Rollback);
                    throw;
                }
            });
            TellFollower();
        }
    }

    private void Keep(Checkpoint checkpoint, IReadOnlyList<NoteSignature> lines)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var writer = _writer ?? throw new InvalidOperationException("This store was opened for reading only.");
            foreach (var line in lines)
            {
                // A checkpoint that was let go of meanwhile takes no lines.
                Explained(() => writer.Prepared("INSERT OR REPLACE INTO checkpoint_signatures (size, name, key_id, witness, octets) SELECT size, ?2, ?3, ?4, ?5 FROM checkpoints WHERE size = ?1")
                    .Bind(1, checkpoint.Size).Bind(2, line.KeyName).Bind(3, (long)line.KeyId).Bind(4, line.KeyName == checkpoint.Origin ? 0L : 1L).Bind(5, line.Signature.Span).Execute());
            }

            TellFollower();
        }
    }

    private static SignedCheckpoint? Joined(SqlSession session, long size)
    {
        var row = session.Prepared("SELECT note FROM checkpoints WHERE size = ?1").Bind(1, size);
        var note = row.Read() ? row.GetText(0) : null;
        row.Reset();
        if (note is null || !SignedCheckpoint.TryParse(note, out var checkpoint, out _))
        {
            return null;
        }

        var lines = new List<NoteSignature>();
        var added = session.Prepared("SELECT name, key_id, octets FROM checkpoint_signatures WHERE size = ?1 ORDER BY witness, name, key_id").Bind(1, size);
        while (added.Read())
        {
            lines.Add(Line(added, 0));
        }

        added.Reset();
        return lines.Count == 0 ? checkpoint : checkpoint.With(lines);
    }

    private static NoteSignature Line(SqlStatement row, int column) => new(row.GetText(column), (uint)row.GetInt64(column + 1), row.GetBlob(column + 2));

    private void Keep(SignedCheckpoint checkpoint)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_writer is null)
            {
                throw new InvalidOperationException("This store was opened for reading only.");
            }

            // Lines that were added to another note of that size are not this one's: they go with it (ON DELETE CASCADE).
            var (size, note) = (checkpoint.Checkpoint.Size, checkpoint.ToString());
            Explained(() => _writer.Prepared("DELETE FROM checkpoints WHERE size = ?1 AND note <> ?2").Bind(1, size).Bind(2, note).Execute());
            Explained(() => _writer.Prepared("INSERT OR IGNORE INTO checkpoints (size, note) VALUES (?1, ?2)").Bind(1, size).Bind(2, note).Execute());
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
