using System.Collections.Immutable;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Storage.Sql;
using Microsoft.Extensions.Logging;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    /// <summary>Opens the store for its one writer; makes it, and its log, when there is none, and brings its schema up to date.</summary>
    /// <exception cref="StoreUnavailableException">
    /// In use by another process, damaged, of a newer build, of another application, not writable, or set back behind its last
    /// checkpoint; the message says which and what to do. Nothing was changed.
    /// </exception>
    public static Task<SqliteStore> OpenAsync(SqliteStoreOptions options, TimeProvider time, ILogger<SqliteStore> logger, CancellationToken cancellationToken) =>
        Task.Run(() => Open(options, time, logger), cancellationToken);

    /// <summary>
    /// Opens an existing store for reading only, beside a running server or without one. Takes no lock and changes nothing; works on a read-only
    /// file system when the server was stopped in order.
    /// </summary>
    /// <exception cref="StoreUnavailableException">There is none, or it is damaged, of another build or of another application.</exception>
    public static Task<SqliteStore> OpenReadOnlyAsync(SqliteStoreOptions options, ILogger<SqliteStore> logger, CancellationToken cancellationToken) =>
        Task.Run(() => OpenReadOnly(options, logger), cancellationToken);

    private static SqliteStore Open(SqliteStoreOptions options, TimeProvider time, ILogger logger)
    {
        var path = options.DatabasePath;
        var homeLock = HomeLock.Take(path);
        SqlSession? writer = null;
        try
        {
            CreateFile(path);
            writer = SqlSession.Open(path);
            SqliteDialect.ConfigureWriter(writer, options);
            if (Migrator.Upgrade(writer, path, Migrator.Scripts) is var applied and > 0)
            {
                Log.Migrated(logger, path, applied);
            }

            Backfill(writer);
            var logId = LogIdOf(writer) ?? CreateLog(writer, time);
            var position = LoadPosition(writer, logId);
            CheckNotSetBack(writer, logId, position.Frontier.Size, position.Epoch, options, logger);
            var readers = new SqlSessionPool(() => OpenReader(options, immutable: false), options.Readers);
            var store = new SqliteStore(options, logger, logId, readers, homeLock, writer, position);
            if (position.Frontier.Size == 0)
            {
                store.Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.EpochStarted, time.GetUtcNow(), "appliance", ImmutableSortedDictionary<string, string>.Empty), [])]);
            }

            Log.Opened(logger, path, logId.ToString(), position.Epoch, position.Frontier.Size);
            return store;
        }
        catch (Exception failure)
        {
            writer?.Dispose();
            homeLock.Dispose();
            throw Explained(failure, path);
        }
    }

    private static SqliteStore OpenReadOnly(SqliteStoreOptions options, ILogger logger)
    {
        var path = options.DatabasePath;
        if (!File.Exists(path))
        {
            throw new StoreUnavailableException($"There is no database {path}: check the configured path.");
        }

        try
        {
            // Reading a write-ahead log needs its index file, which needs a writable folder. Without a log the file alone is the whole truth.
            var immutable = false;
            SqlSession session;
            try
            {
                session = OpenReader(options, immutable: false);
            }
            catch (SqlException) when (!File.Exists(path + "-wal"))
            {
                immutable = true;
                session = OpenReader(options, immutable: true);
            }

            using (session)
            {
                if (Migrator.Missing(session, path, Migrator.Scripts) > 0)
                {
                    throw new StoreUnavailableException($"The database {path} was written by an older build: start the service once with this build, which brings it up to date.");
                }

                var logId = LogIdOf(session) ?? throw new StoreUnavailableException($"The database {path} has no log yet: it was never used.");
                return new SqliteStore(options, logger, logId, new SqlSessionPool(() => OpenReader(options, immutable), options.Readers));
            }
        }
        catch (Exception failure) when (failure is not StoreUnavailableException)
        {
            throw Explained(failure, path);
        }
    }

    private static SqlSession OpenReader(SqliteStoreOptions options, bool immutable)
    {
        var session = SqlSession.Open(options.DatabasePath, readOnly: true, immutable);
        try
        {
            SqliteDialect.ConfigureReader(session, options);
            session.QueryInt64("SELECT count(*) FROM sqlite_schema");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static SqlSession OpenCheckpointSession(SqliteStoreOptions options)
    {
        var session = SqlSession.Open(options.DatabasePath);
        SqliteDialect.ConfigureWriter(session, options with { WriterCacheKilobytes = options.ReaderCacheKilobytes });
        return session;
    }

    /// <summary>The engine would make it readable to everyone; its log and index files take their rights from it.</summary>
    internal static void CreateFile(string path)
    {
        if (!File.Exists(path) && !OperatingSystem.IsWindows())
        {
            using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }
    }

    private static LogId? LogIdOf(SqlSession session)
    {
        using var query = session.PrepareOnce("SELECT id FROM log");
        return query.Read() ? LogId.FromBytes(query.GetSpan(0)) : null;
    }

    private static LogId CreateLog(SqlSession session, TimeProvider time)
    {
        var id = LogId.Generate();
        session.Prepared("INSERT INTO log (id, created) VALUES (?1, ?2)").Bind(1, id.ToByteArray()).Bind(2, time.GetUtcNow()).Execute();
        return id;
    }

    /// <summary>A database that is older than the last checkpoint beside it, or whose log is another one, was set back or exchanged.</summary>
    private static void CheckNotSetBack(SqlSession session, LogId logId, long size, long epoch, SqliteStoreOptions options, ILogger logger)
    {
        if (options.CheckpointsPath is not { } path || CheckpointLog.Last(path) is not { Checkpoint: var last })
        {
            return;
        }

        if (!Checkpoint.TryParseOrigin(last.Origin, out var lastLog, out var lastEpoch) || (lastLog == logId && lastEpoch < epoch))
        {
            // Signed before a restore that the log itself tells of.
            return;
        }

        var detail = lastLog != logId ? $"the last checkpoint in {path} is of another log ({lastLog}, not {logId})"
            : last.Size > size ? $"the last checkpoint in {path} was signed when the log had {last.Size} entries, and the database has {size}"
            : LedgerReads.Frontier(session, logId, last.Size).Root() != last.Root ? $"the first {last.Size} entries are not those that the last checkpoint in {path} signed"
            : null;
        if (detail is null)
        {
            return;
        }

        if (!options.AllowSetBack)
        {
            throw new StoreUnavailableException($"The database {options.DatabasePath} is not the one that was in use: {detail}. If it was restored from a backup on purpose, keep that file elsewhere as evidence, move it away and start again; if not, look at it with `agentpki audit verify` before anything else.");
        }

        Log.SetBack(logger, detail);
    }

    private static Exception Explained(Exception failure, string path) => failure switch
    {
        SqlException sql => SqliteDialect.Explain(sql, path),
        Microsoft.Data.Sqlite.SqliteException sql => SqliteDialect.Explain(new SqlException(sql.SqliteExtendedErrorCode, sql.Message), path),
        InvalidDataException damaged => new StoreUnavailableException($"The ledger in {path} is damaged: {damaged.Message} Look at it with `agentpki audit verify`, and restore the last backup.", damaged),
        UnauthorizedAccessException denied => new StoreUnavailableException($"The database {path} cannot be opened: give the service's user read and write access to it and to its folder.", denied),
        IOException io => new StoreUnavailableException($"The database {path} cannot be opened: {io.Message}", io),
        _ => failure,
    };
}
