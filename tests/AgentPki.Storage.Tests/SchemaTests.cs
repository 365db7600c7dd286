using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Stores;
using DbUp.Engine;
using Xunit;

namespace AgentPki.Storage.Tests;

public sealed class SchemaTests
{
    [Fact]
    public void Scripts_AreNumberedRisingEachOnce()
    {
        var numbers = Migrator.Scripts.Select(script => int.Parse(script.Name[..4], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    [Fact]
    public async Task Open_Twice_AppliesEachScriptOnce()
    {
        using var folder = new TemporaryFolder();
        await using (await folder.OpenAsync())
        {
        }

        await using (await folder.OpenAsync())
        {
        }

        using var database = SqlSession.Open(folder.Database);
        Assert.Equal(Migrator.Scripts.Count, database.QueryInt64("SELECT count(*) FROM SchemaVersions"));
        Assert.Equal(0, Migrator.Missing(database, folder.Database, Migrator.Scripts));
        Assert.Equal(SqliteDialect.ApplicationId, database.QueryInt64("PRAGMA application_id"));
    }

    [Fact]
    public async Task Open_OlderSchema_IsUpgradedAndItsContentStands()
    {
        using var folder = new TemporaryFolder();
        using (var old = SqlSession.Open(folder.Database))
        {
            old.ExecuteOnce("PRAGMA journal_mode = WAL");
            Assert.Equal(1, Migrator.Upgrade(old, folder.Database, [Migrator.Scripts[0]]));
            old.Prepared("INSERT INTO log (id, created) VALUES (?1, 1)").Bind(1, Enumerable.Repeat((byte)7, 16).ToArray()).Execute();
            Assert.Equal(Migrator.Scripts.Count - 1, Migrator.Missing(old, folder.Database, Migrator.Scripts));
        }

        await using var store = await folder.OpenAsync();

        Assert.Equal(string.Concat(Enumerable.Repeat("07", 16)), (await store.HeadAsync(TestContext.Current.CancellationToken)).LogId.ToString());
        Assert.IsType<CommitOutcome.Committed>(store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord("root")))])[0]);
    }

    /// <summary>Successions were script 0007 in a build that was in use, before key halves (0005) and ACME (0007) came.</summary>
    [Fact]
    public async Task Open_JournalWithTheNameOfBefore_IsUpgradedAndItsSuccessionsStand()
    {
        using var folder = new TemporaryFolder();
        using (var old = SqlSession.Open(folder.Database))
        {
            old.ExecuteOnce("PRAGMA journal_mode = WAL");
            var successions = Migrator.Scripts.Single(script => script.Name == "0006_successions.sql");
            Assert.Equal(5, Migrator.Upgrade(old, folder.Database, [.. Migrator.Scripts.Take(4), new SqlScript("0007_successions.sql", successions.Contents)]));
            old.Prepared("INSERT INTO log (id, created) VALUES (?1, 1)").Bind(1, new byte[16]).Execute();
            old.ExecuteOnce("INSERT INTO authorities (id, name, issuer, key_provider, key_label, signature, der, created) VALUES (1, 'a', 'a', 'p', 'l', 'ecdsa-sha256', x'00', 1), (2, 'a-2', 'a', 'p', 'm', 'ecdsa-sha256', x'00', 1)");
            old.ExecuteOnce("INSERT INTO successions (predecessor, successor, state, created, served_until) VALUES (1, 2, 1, 1, 2)");
        }

        Assert.Contains("older build", (await Assert.ThrowsAsync<StoreUnavailableException>(folder.OpenReadOnlyAsync)).Message, StringComparison.Ordinal);
        await using (var store = await folder.OpenAsync())
        {
            Assert.Equal(("a", "a-2"), Assert.Single(await ((IAuthorityStore)store).ListSuccessionsAsync(TestContext.Current.CancellationToken)) is var kept ? (kept.Predecessor, kept.Successor) : default);
        }

        using var database = SqlSession.Open(folder.Database);
        Assert.Equal(Migrator.Scripts.Count, database.QueryInt64("SELECT count(*) FROM SchemaVersions"));
        Assert.Equal(0, database.QueryInt64("SELECT count(*) FROM SchemaVersions WHERE ScriptName = '0007_successions.sql'"));
    }

    [Fact]
    public async Task OpenReadOnly_OlderSchema_SaysSoAndChangesNothing()
    {
        using var folder = new TemporaryFolder();
        using (var old = SqlSession.Open(folder.Database))
        {
            Migrator.Upgrade(old, folder.Database, [Migrator.Scripts[0]]);
        }

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenReadOnlyAsync());

        Assert.Contains("older build", failure.Message, StringComparison.Ordinal);
        using var after = SqlSession.Open(folder.Database);
        Assert.Equal(1, after.QueryInt64("SELECT count(*) FROM SchemaVersions"));
    }

    [Fact]
    public async Task Open_NewerSchema_SaysSoAndChangesNothing()
    {
        using var folder = new TemporaryFolder();
        await using (await folder.OpenAsync())
        {
        }

        using (var newer = SqlSession.Open(folder.Database))
        {
            newer.ExecuteOnce("INSERT INTO SchemaVersions (ScriptName, Applied) VALUES ('9999_later.sql', '2030-01-01')");
        }

        foreach (var open in new Func<Task<SqliteStore>>[] { () => folder.OpenAsync(), folder.OpenReadOnlyAsync })
        {
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(open);
            Assert.Contains("newer build (it has 9999_later.sql)", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Upgrade_ScriptThatFails_LeavesNothingOfItBehind()
    {
        using var folder = new TemporaryFolder();
        using var database = SqlSession.Open(folder.Database);
        Migrator.Upgrade(database, folder.Database, Migrator.Scripts);
        var broken = new SqlScript("0099_broken.sql", "CREATE TABLE half (x); CREATE TABLE half (x);");

        var failure = Assert.Throws<StoreUnavailableException>(() => Migrator.Upgrade(database, folder.Database, [.. Migrator.Scripts, broken]));

        Assert.Contains("0099_broken.sql", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, database.QueryInt64("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"));
        Assert.Equal(1, Migrator.Missing(database, folder.Database, [.. Migrator.Scripts, broken]));
    }
}
