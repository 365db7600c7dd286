using AgentPki.Storage.Snapshots;
using SQLitePCL;

namespace AgentPki.Storage.Sql;

/// <summary>
/// One connection with its prepared statements. Spoken by everything above this folder; one thread at a time.
/// </summary>
/// <remarks>
/// Straight on the engine's C interface: beside a statement that costs 3 µs, the commands, parameters and readers of ADO.NET are not free.
/// </remarks>
internal sealed class SqlSession : IDisposable
{
    private readonly sqlite3 _database;
    private readonly Dictionary<string, SqlStatement> _prepared = new(StringComparer.Ordinal);

    static SqlSession() => Batteries_V2.Init();

    private SqlSession(sqlite3 database) => _database = database;

    /// <summary>Opens a database file.</summary>
    /// <exception cref="SqlException">It cannot be opened; whether it is a database is only known after the first statement.</exception>
    public static SqlSession Open(string path, bool readOnly = false, bool immutable = false)
    {
        var flags = raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_URI | (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var location = new Uri(Path.GetFullPath(path)).AbsoluteUri + (immutable ? "?immutable=1" : "");
        var code = raw.sqlite3_open_v2(location, out var database, flags, null);
        if (code != raw.SQLITE_OK)
        {
            var message = raw.sqlite3_errmsg(database).utf8_to_string();
            database?.Dispose();
            throw new SqlException(code, message);
        }

        raw.sqlite3_extended_result_codes(database, 1);

        // Stable query plans: otherwise binding a LIMIT plans the statement anew, ten times the cost of running it.
        _ = raw.sqlite3_db_config(database, raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _);
        return new SqlSession(database);
    }

    /// <summary>Whether a transaction is open; some errors end it by themselves.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_database) == 0;

    /// <summary>Writes down what this connection changes; null: nobody wants it.</summary>
    public StatementRecorder? Recorder { get; set; }

    /// <summary>The row id of the last insert.</summary>
    public long LastInsertId => raw.sqlite3_last_insert_rowid(_database);

    /// <summary>Pages this connection has written since the last call; with a write-ahead log, the frames it appended.</summary>
    public int TakePagesWritten()
    {
        _ = raw.sqlite3_db_status(_database, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 1);
        return written;
    }

    /// <summary>The statement for that text, prepared on first use and kept. Reset it after use.</summary>
    public SqlStatement Prepared(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            _prepared.Add(sql, statement = new SqlStatement(this, _database, sql));
        }

        return statement;
    }

    /// <summary>A statement of the caller's own, to dispose.</summary>
    public SqlStatement PrepareOnce(string sql) => new(this, _database, sql);

    /// <summary>Runs a statement without parameters; the words that begin and end transactions come this way.</summary>
    public void Execute(string sql)
    {
        Prepared(sql).Execute();
        Recorder?.Follow(sql);
    }

    /// <summary>Runs a statement once, without keeping it.</summary>
    public void ExecuteOnce(string sql)
    {
        using var statement = new SqlStatement(this, _database, sql);
        statement.Execute();
    }

    /// <summary>Runs a statement once and returns the first column of its first row; 0 without a row.</summary>
    public long QueryInt64(string sql)
    {
        using var statement = new SqlStatement(this, _database, sql);
        return statement.Read() ? statement.GetInt64(0) : 0;
    }

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Dispose();
        }

        _prepared.Clear();
        _database.Dispose();
    }
}
