using System.Reflection;
using AgentPki.Authority.Store;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using Microsoft.Data.Sqlite;

namespace AgentPki.Storage.Sql;

/// <summary>
/// Brings a database's schema to this build's: the embedded scripts <c>Migrations/NNNN_name.sql</c>, each once, in order, each in a
/// transaction, journalled in <c>SchemaVersions</c> (DbUp). A script that was released is never edited.
/// </summary>
internal static class Migrator
{
    /// <summary>Scripts that had another name in a build that was in use: the same script, known by both.</summary>
    private static readonly IReadOnlyDictionary<string, string> Renamed = new Dictionary<string, string>(StringComparer.Ordinal) { ["0007_successions.sql"] = "0006_successions.sql" };

    /// <summary>The scripts of this build, by name.</summary>
    public static IReadOnlyList<SqlScript> Scripts { get; } = [.. ReadScripts(typeof(Migrator).Assembly)];

    /// <summary>Applies what is missing; returns how many scripts that were.</summary>
    /// <exception cref="StoreUnavailableException">The database is of a newer build or another application, or a script failed (that one left nothing behind).</exception>
    public static int Upgrade(SqlSession session, string path, IReadOnlyList<SqlScript> scripts)
    {
        var missing = Missing(session, path, scripts);
        if (missing == 0)
        {
            return 0;
        }

        RenameJournalled(session);
        var connection = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, ForeignKeys = true }.ToString();
        var result = DeployChanges.To.SqliteDatabase(connection).WithScripts(scripts).WithTransactionPerScript().WithVariablesDisabled().LogTo(new NoOpUpgradeLog()).Build().PerformUpgrade();
        return result.Successful
            ? missing
            : throw new StoreUnavailableException($"The database {path} could not be brought to this build's schema: {result.ErrorScript?.Name}: {result.Error.Message}", result.Error);
    }

    /// <summary>How many scripts of this build the database lacks.</summary>
    /// <exception cref="StoreUnavailableException">The database is of a newer build or another application.</exception>
    public static int Missing(SqlSession session, string path, IReadOnlyList<SqlScript> scripts)
    {
        var hasTables = session.QueryInt64("SELECT count(*) FROM sqlite_schema") > 0;
        if (hasTables && session.QueryInt64("PRAGMA application_id") is not (SqliteDialect.ApplicationId or 0))
        {
            throw new StoreUnavailableException($"The file {path} is a database of another application: check the configured path.");
        }

        var applied = WithNamesOfNow(Applied(session));
        if (applied.Count == 0 && hasTables && session.QueryInt64("SELECT count(*) FROM sqlite_schema WHERE name = 'SchemaVersions'") == 0)
        {
            throw new StoreUnavailableException($"The file {path} is a database, but not of this application: check the configured path.");
        }

        var known = scripts.Select(script => script.Name).ToHashSet(StringComparer.Ordinal);
        if (applied.FirstOrDefault(name => !known.Contains(name)) is { } newer)
        {
            throw new StoreUnavailableException($"The database {path} was written by a newer build (it has {newer}): install that build or a later one. This build has changed nothing.");
        }

        return known.Count - applied.Count;
    }

    /// <summary>Reads the scripts embedded in an assembly.</summary>
    public static IEnumerable<SqlScript> ReadScripts(Assembly assembly)
    {
        const string Folder = ".Migrations.";
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.Contains(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"No resource {resource}."));
            yield return new SqlScript(resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..], reader.ReadToEnd());
        }
    }

    /// <summary>A name of before counts as today's, unless that is there too: then it is another build's script.</summary>
    private static List<string> WithNamesOfNow(List<string> applied) => [.. applied.Select(name => Renamed.TryGetValue(name, out var now) && !applied.Contains(now) ? now : name)];

    /// <summary>DbUp reads the journal by itself. Only a build that knows more scripts has other names, so that there is always something to apply beside.</summary>
    private static void RenameJournalled(SqlSession session)
    {
        foreach (var (before, now) in Renamed.Where(r => Applied(session) is var applied && applied.Contains(r.Key) && !applied.Contains(r.Value)))
        {
            using var rename = session.PrepareOnce("UPDATE SchemaVersions SET ScriptName = ?2 WHERE ScriptName = ?1");
            rename.Bind(1, before).Bind(2, now).Execute();
        }
    }

    private static List<string> Applied(SqlSession session)
    {
        var names = new List<string>();
        if (session.QueryInt64("SELECT count(*) FROM sqlite_schema WHERE name = 'SchemaVersions'") > 0)
        {
            var journal = session.Prepared("SELECT ScriptName FROM SchemaVersions ORDER BY ScriptName");
            while (journal.Read())
            {
                names.Add(journal.GetText(0));
            }
        }

        return names;
    }
}
