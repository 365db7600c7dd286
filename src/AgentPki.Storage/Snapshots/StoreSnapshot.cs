using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>A reading transaction that is held: one state of the database beside the writer.</summary>
internal sealed class StoreSnapshot : IStoreSnapshot
{
    private readonly SqlSession _session;
    private readonly string _path;

    /// <param name="session">In a transaction. Becomes the snapshot's.</param>
    public StoreSnapshot(SqlSession session, LogId logId, string path)
    {
        (_session, _path) = (session, path);
        Head = SqliteStore.HeadOf(session, logId);
        Certificates = session.QueryInt64("SELECT max(id) FROM certificates");
        using var newest = session.PrepareOnce("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1");
        Checkpoint = newest.Read() ? newest.GetText(0) : null;
        newest.Reset();
    }

    public LedgerHead Head { get; }

    public string? Checkpoint { get; }

    public long Certificates { get; }

    public async Task WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        try
        {
            await TableDump.WriteAsync(_session, target, cancellationToken);
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, _path);
        }
    }

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        return ValueTask.CompletedTask;
    }
}
