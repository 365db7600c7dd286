using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ILedgerStore
{
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

    ValueTask<LedgerRecord?> ILedgerStore.FindAsync(long index, CancellationToken cancellationToken) => FindAsync(
        $"SELECT {LedgerReads.Columns} FROM ledger WHERE leaf = ?1",
        rows => rows.Bind(1, index),
        rows => LedgerReads.Record(rows, _logId),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken) =>
        QueryAsync<IReadOnlyList<MerkleHash>>(session => LedgerReads.Hashes(session, _logId, level, first, count), cancellationToken);

    internal static LedgerHead HeadOf(SqlSession session, LogId logId)
    {
        var position = LoadPosition(session, logId);
        return new LedgerHead(logId, position.Epoch, position.Frontier.Size, position.Frontier.Root());
    }
}
