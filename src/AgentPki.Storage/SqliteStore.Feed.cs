using AgentPki.Authority.Store;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IFeedStore
{
    private const string StatementColumns = "sequence, kind, jws, signed";

    async ValueTask<long?> IFeedStore.LastStatementAsync(CancellationToken cancellationToken) =>
        (await FindAsync($"SELECT {StatementColumns} FROM feed_statements ORDER BY sequence DESC LIMIT 1", _ => { }, ReadStatement, cancellationToken))?.Sequence;

    ValueTask<IReadOnlyList<FeedStatement>> IFeedStore.ListStatementsAsync(long after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"SELECT {StatementColumns} FROM feed_statements WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        rows => rows.Bind(1, after).Bind(2, (long)limit),
        ReadStatement,
        cancellationToken);

    ValueTask<FeedSet?> IFeedStore.FindSetAsync(long sequence, CancellationToken cancellationToken) => FindAsync(
        $"SELECT {StatementColumns}, set_octets FROM feed_statements WHERE sequence = ?1 AND set_octets IS NOT NULL",
        rows => rows.Bind(1, sequence),
        row => new FeedSet(ReadStatement(row), row.GetBlob(4)),
        cancellationToken);

    ValueTask<byte[]?> IFeedStore.FindSignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) =>
        FindAsync("SELECT chain FROM feed_signers WHERE thumbprint = ?1", rows => rows.Bind(1, thumbprint.Span), row => row.GetBlob(0), cancellationToken);

    private static FeedStatement ReadStatement(Sql.SqlStatement row) => new(row.GetInt64(0), row.GetText(1), row.GetText(2), row.GetTime(3), null);
}
