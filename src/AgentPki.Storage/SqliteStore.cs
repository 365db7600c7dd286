using System.Collections.Immutable;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Storage.Commit;
using AgentPki.Storage.Sql;
using Microsoft.Extensions.Logging;

namespace AgentPki.Storage;

/// <summary>
/// Records and ledger in one SQLite database: one connection writes, a bounded number reads, all of it survives a power failure once
/// <see cref="Apply"/> has returned.
/// </summary>
public sealed partial class SqliteStore : ICommitStore, IAsyncDisposable
{
    private readonly SqliteStoreOptions _options;
    private readonly ILogger _logger;
    private readonly LogId _logId;
    private readonly SqlSessionPool _readers;
    private readonly HomeLock? _lock;
    private readonly SqlSession? _writer;
    private readonly BatchWriter? _batches;
    private readonly WalCheckpointer? _checkpointer;
    private readonly Lock _writing = new();
    private bool _doubtful;
    private bool _disposed;

    private SqliteStore(SqliteStoreOptions options, ILogger logger, LogId logId, SqlSessionPool readers) =>
        (_options, _logger, _logId, _readers) = (options, logger, logId, readers);

    private SqliteStore(SqliteStoreOptions options, ILogger logger, LogId logId, SqlSessionPool readers, HomeLock homeLock, SqlSession writer, LogPosition position)
        : this(options, logger, logId, readers)
    {
        (_lock, _writer) = (homeLock, writer);
        _batches = new BatchWriter(writer, logId, position);
        _checkpointer = new WalCheckpointer(() => OpenCheckpointSession(options), options.CheckpointFrames, logger);
    }

    /// <summary>Whether this store was opened for reading only.</summary>
    public bool IsReadOnly => _writer is null;

    /// <summary>Pages appended to the write-ahead log so far: what a commit costs, whatever else the machine does.</summary>
    internal long FramesWritten { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_batches is null || _writer is null || _checkpointer is null)
            {
                throw new InvalidOperationException("This store was opened for reading only.");
            }

            try
            {
                if (_doubtful)
                {
                    // After a failure only the disk knows what it holds.
                    _batches.Reload(LoadPosition(_writer, _logId));
                    _doubtful = false;
                }

                _checkpointer.BeforeBatch(_writer);
                var outcomes = _batches.Apply(batch);
                var frames = _writer.TakePagesWritten();
                FramesWritten += frames;
                _checkpointer.Notice(frames);
                TellFollower();
                return outcomes;
            }
            catch (SqlException failure)
            {
                _doubtful = true;
                LoseFollower();
                Log.BatchFailed(_logger, failure);
                throw SqliteDialect.Explain(failure, _options.DatabasePath);
            }
        }
    }

    /// <summary>
    /// Begins a new epoch: the first act after a restore. Its leaf cites the last head known before, so that what the restore lost stays visible.
    /// </summary>
    /// <param name="previous">The last head that was published or kept before the restore (from the checkpoint file or a witness); null when none is known.</param>
    /// <param name="more">What else is to stand in its leaf: the archive, the officers' statements.</param>
    public CommitOutcome BeginEpoch(Ledger.Notes.Checkpoint? previous, DateTimeOffset time, string actor, ImmutableSortedDictionary<string, string>? more = null)
    {
        var facts = more ?? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        if (previous is not null)
        {
            facts = facts.Add(LedgerFacts.PreviousSize, previous.Size.ToString(System.Globalization.CultureInfo.InvariantCulture)).Add(LedgerFacts.PreviousRoot, previous.Root.ToBase64());
        }

        return Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.EpochStarted, time, actor, facts), [])])[0];
    }

    /// <summary>Closes the database; what is in the write-ahead log is copied into it.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_writing)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        if (_checkpointer is not null)
        {
            await _checkpointer.DisposeAsync();
        }

        _readers.Dispose();
        _writer?.Dispose();
        _lock?.Dispose();
    }

    private static LogPosition LoadPosition(SqlSession session, LogId logId)
    {
        var size = session.QueryInt64("SELECT max(leaf) + 1 FROM ledger");
        var epoch = size == 0 ? 1 : session.QueryInt64("SELECT epoch FROM ledger ORDER BY leaf DESC LIMIT 1");
        var frontier = LedgerReads.Frontier(session, logId, size);
        return new LogPosition(frontier, epoch, session.QueryInt64("SELECT max(epoch) FROM revocation_events"));
    }
}
