using AgentPki.Authority.Store;
using AgentPki.Storage.Snapshots;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

/// <summary>A database that is being made from a snapshot and the commits after it. Until it is disposed in order nobody else may open it.</summary>
public sealed class DatabaseRestore : IDisposable
{
    private readonly SqlSession _session;
    private readonly StatementReplay _replay;
    private readonly string _path;
    private long _size;

    private DatabaseRestore(SqlSession session, string path) => (_session, _replay, _path, _size) = (session, new StatementReplay(session), path, session.QueryInt64("SELECT max(leaf) + 1 FROM ledger"));

    /// <summary>Makes a new database file, readable by its owner alone, from a snapshot.</summary>
    /// <exception cref="InvalidDataException">It is not a snapshot, or damaged.</exception>
    /// <exception cref="StoreUnavailableException">The file cannot be made: the disk is full, say.</exception>
    public static async Task<DatabaseRestore> BeginAsync(string path, Stream snapshot, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            throw new StoreUnavailableException($"There is a database {path} already: a restore makes a new one.");
        }

        SqliteStore.CreateFile(path);

        try
        {
            await TableLoad.ReadAsync(snapshot, path, cancellationToken);
            return new DatabaseRestore(OpenForReplay(path), path);
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, path);
        }
    }

    /// <summary>Repeats a commit.</summary>
    /// <exception cref="InvalidDataException">It is not the commit after the last one: this database is of no use any more.</exception>
    /// <exception cref="StoreUnavailableException">The file cannot be written.</exception>
    public void Apply(RecordedCommit commit)
    {
        try
        {
            _replay.Apply(commit.Statements.Span);
            var added = _session.Prepared("SELECT count(*) FROM ledger WHERE leaf >= ?1").Bind(1, _size);
            added.Read();
            _size += added.GetInt64(0);
            added.Reset();
            if (_size != commit.Head.Size)
            {
                throw new InvalidDataException($"after it the ledger has {_size} entries, and had {commit.Head.Size}");
            }
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, _path);
        }
    }

    public void Dispose()
    {
        _session.Dispose();
        using var file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    private static SqlSession OpenForReplay(string path)
    {
        var session = SqlSession.Open(path);
        session.ExecuteOnce("PRAGMA journal_mode = MEMORY");
        session.ExecuteOnce("PRAGMA synchronous = OFF");
        session.ExecuteOnce("PRAGMA foreign_keys = ON");
        session.ExecuteOnce("PRAGMA cache_size = -65536");
        session.ExecuteOnce("PRAGMA temp_store = MEMORY");
        return session;
    }
}
