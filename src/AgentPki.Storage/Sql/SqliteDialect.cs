using AgentPki.Authority.Store;
using SQLitePCL;

namespace AgentPki.Storage.Sql;

/// <summary>
/// What is SQLite's own and not SQL's: pragmas, how a writing transaction begins, what its errors mean. With <see cref="SqlSession"/> and
/// <see cref="SqlStatement"/> this is all that another engine replaces (docs/adr/0003-store.md).
/// </summary>
internal static class SqliteDialect
{
    /// <summary>"AgPk": a database of this application (<c>PRAGMA application_id</c>).</summary>
    public const int ApplicationId = 0x4167506B;

    /// <summary>Takes the write lock at once: a transaction that begins as a reader can fail to become a writer.</summary>
    public const string Begin = "BEGIN IMMEDIATE";

    public const string BeginRead = "BEGIN";
    public const string Commit = "COMMIT";
    public const string Rollback = "ROLLBACK";
    public const string Savepoint = "SAVEPOINT request";
    public const string ReleaseSavepoint = "RELEASE request";
    public const string RollbackToSavepoint = "ROLLBACK TO request";

    /// <summary>Copies what the log holds into the database without waiting for readers or the writer.</summary>
    public const string Checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";

    /// <summary>Milliseconds a statement waits for a lock: only a checkpoint and another process's reader ever hold one.</summary>
    private const int BusyTimeout = 5000;

    /// <summary>Sets up the one connection that writes.</summary>
    public static void ConfigureWriter(SqlSession session, SqliteStoreOptions options)
    {
        session.ExecuteOnce($"PRAGMA busy_timeout = {BusyTimeout}");
        session.ExecuteOnce("PRAGMA journal_mode = WAL");

        // FULL: a commit returns after the log's frames are flushed. NORMAL would lose the last commits at a power failure.
        session.ExecuteOnce($"PRAGMA synchronous = {options.Synchronous}");
        session.ExecuteOnce("PRAGMA foreign_keys = ON");
        session.ExecuteOnce($"PRAGMA cache_size = -{options.WriterCacheKilobytes}");
        session.ExecuteOnce("PRAGMA temp_store = MEMORY");

        // Erased details are overwritten, not only unlinked.
        session.ExecuteOnce("PRAGMA secure_delete = ON");

        // The store decides when to checkpoint; a log that grew large is cut back to this.
        session.ExecuteOnce("PRAGMA wal_autocheckpoint = 0");
        session.ExecuteOnce($"PRAGMA journal_size_limit = {64 << 20}");
        if (options.MaxDatabaseBytes is { } limit)
        {
            session.ExecuteOnce($"PRAGMA max_page_count = {Math.Max(1, limit / session.QueryInt64("PRAGMA page_size"))}");
        }
    }

    /// <summary>Sets up a connection that only reads.</summary>
    public static void ConfigureReader(SqlSession session, SqliteStoreOptions options)
    {
        session.ExecuteOnce($"PRAGMA busy_timeout = {BusyTimeout}");
        session.ExecuteOnce("PRAGMA query_only = ON");
        session.ExecuteOnce($"PRAGMA cache_size = -{options.ReaderCacheKilobytes}");
    }

    /// <summary>Whether the failure means that the file is not readable as a database.</summary>
    public static bool IsCorruption(SqlException failure) => (failure.Code & 0xFF) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>Cause and remedy in one sentence each.</summary>
    public static StoreUnavailableException Explain(SqlException failure, string path) => new(
        (failure.Code & 0xFF) switch
        {
            raw.SQLITE_FULL => $"No space is left for the database {path}: free or add disk space, the service goes on by itself.",
            raw.SQLITE_IOERR => $"The disk under the database {path} failed to read or write ({failure.Message}): check its space, quota, mount and health (dmesg), the service goes on by itself once it works.",
            raw.SQLITE_READONLY => $"The database {path} cannot be written: give the service's user write access to it and to its folder.",
            raw.SQLITE_CANTOPEN => $"The database {path} cannot be opened: check that its folder exists and that the service's user may use it.",
            raw.SQLITE_CORRUPT => $"The database {path} is damaged ({failure.Message}): stop the service, keep a copy of the file, and restore the last backup.",
            raw.SQLITE_NOTADB => $"The file {path} is not a database: check the configured path, or restore the last backup.",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => $"The database {path} is locked by another program: close whatever has it open for writing (sqlite3, a backup tool).",
            raw.SQLITE_NOMEM => $"There is not enough memory to use the database {path}.",
            _ => $"The database {path} refused a statement: {failure.Message}",
        },
        failure);
}
