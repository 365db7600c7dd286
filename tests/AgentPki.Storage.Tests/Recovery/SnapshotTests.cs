using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Stores;
using Microsoft.Data.Sqlite;
using Xunit;

namespace AgentPki.Storage.Tests.Recovery;

/// <summary>A copy taken while the store is written, and what was committed after it: together the same database, row by row.</summary>
public sealed class SnapshotTests : IDisposable
{
    private static readonly CancellationToken Cancelled = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _other = new();

    [Fact]
    public async Task Snapshot_OfAStoreThatIsWrittenOn_IsTheStateOfItsMoment()
    {
        await using var store = await FilledAsync();
        await using var snapshot = await store.SnapshotAsync(null, Cancelled);
        store.Apply([.. Enumerable.Range(100, 50).Select(StoreSamples.Issuance)]);

        using (await RestoreAsync(snapshot))
        {
        }

        await using var restored = await _other.OpenAsync();
        Assert.Equal(snapshot.Head, await restored.HeadAsync(Cancelled));
        Assert.Equal(40, await ((ICertificateStore)restored).CountAsync(Cancelled));
        Assert.Equal(40, snapshot.Certificates);
        Assert.Null(await restored.CheckIntegrityAsync(Cancelled));
    }

    [Fact]
    public async Task Follower_RepeatsWhatWasCommitted_AndTheCopyIsTheSameRowByRow()
    {
        var follower = new Follower();
        await using var store = await FilledAsync();
        await using (var snapshot = await store.SnapshotAsync(follower, Cancelled))
        {
            // Everything that takes another way through the writer: conflicts that are undone, sets, texts and blobs of no length, deletions.
            store.Apply([.. Enumerable.Range(100, 50).Select(StoreSamples.Issuance)]);
            store.Apply([StoreSamples.Issuance(200), StoreSamples.Issuance(1), StoreSamples.Issuance(201)]);
            store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord("other")), new StoreChange.AddCertificate(StoreSamples.Certificate(1))), StoreSamples.Issuance(202)]);
            store.Apply([StoreSamples.Revocation(3), StoreSamples.Revocation(100, RevocationReason.Superseded)]);
            store.Apply([new CommitRequest(null, [new StoreChange.SpendProof([7], StoreSamples.Now.AddMinutes(1), StoreSamples.Now)])]);
            store.Apply([new CommitRequest(null, [new StoreChange.SpendProof([8], StoreSamples.Now.AddMinutes(9), StoreSamples.Now.AddMinutes(5))])]);
            store.Apply([StoreSamples.Request(new StoreChange.EraseDetails(5))]);
            store.Apply([StoreSamples.Request(new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(1)))]);

            using var restore = await RestoreAsync(snapshot);
            foreach (var commit in follower.Commits)
            {
                restore.Apply(commit);
            }
        }

        Assert.Equal(await store.HeadAsync(Cancelled), follower.Commits[^1].Head);
        await using (var restored = await _other.OpenAsync())
        {
            Assert.Equal(await store.HeadAsync(Cancelled), await restored.HeadAsync(Cancelled));
        }

        Assert.Equal(Content(_folder.Database), Content(_other.Database));
    }

    [Fact]
    public async Task Follower_OnAnotherDatabase_IsNoticed()
    {
        var follower = new Follower();
        await using var store = await FilledAsync();
        await using var snapshot = await store.SnapshotAsync(follower, Cancelled);
        store.Apply([StoreSamples.Revocation(3)]);
        store.Apply([StoreSamples.Revocation(4)]);
        store.Apply([StoreSamples.Issuance(300)]);
        using var restore = await RestoreAsync(snapshot);
        restore.Apply(follower.Commits[0]);
        Assert.Contains("had 45", Assert.Throws<InvalidDataException>(() => restore.Apply(follower.Commits[2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unfollow_TellsNothingMore()
    {
        var follower = new Follower();
        await using var store = await FilledAsync();
        await using var snapshot = await store.SnapshotAsync(follower, Cancelled);
        store.Unfollow(follower);
        store.Apply([StoreSamples.Issuance(300)]);
        Assert.Empty(follower.Commits);
    }

    [Fact]
    public async Task Restore_OfADumpThatIsCutOffOrChanged_IsRefused()
    {
        await using var store = await FilledAsync();
        await using var snapshot = await store.SnapshotAsync(null, Cancelled);
        using var dump = new MemoryStream();
        await snapshot.WriteAsync(dump, Cancelled);
        var whole = dump.ToArray();
        foreach (var bad in new[] { whole[..^1], whole[..(whole.Length / 2)], [], [.. whole, (byte)'R', 0], [.. "AgPkTbl2"u8, .. whole[8..]] })
        {
            File.Delete(_other.Database);
            await Assert.ThrowsAsync<InvalidDataException>(async () => (await DatabaseRestore.BeginAsync(_other.Database, new MemoryStream(bad), Cancelled)).Dispose());
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    private async Task<SqliteStore> FilledAsync()
    {
        var store = await _folder.OpenAsync();
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        store.Apply([.. Enumerable.Range(0, 40).Select(StoreSamples.Issuance)]);
        return store;
    }

    private async Task<DatabaseRestore> RestoreAsync(IStoreSnapshot snapshot)
    {
        using var dump = new MemoryStream();
        await snapshot.WriteAsync(dump, Cancelled);
        dump.Position = 0;
        return await DatabaseRestore.BeginAsync(_other.Database, dump, Cancelled);
    }

    /// <summary>Every row of every table, and every object of the schema.</summary>
    private static List<string> Content(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        var content = Query(connection, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
        foreach (var table in Query(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'"))
        {
            content.AddRange(Query(connection, $"SELECT '{table}', * FROM {table}"));
        }

        return content;
    }

    private static List<string> Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i) is byte[] octets ? Convert.ToHexString(octets) : $"{reader.GetValue(i)}")));
        }

        return rows;
    }

    private sealed class Follower : ICommitFollower
    {
        public List<RecordedCommit> Commits { get; } = [];

        public void Committed(RecordedCommit commit) => Commits.Add(commit);

        public void Lost() => throw new InvalidOperationException();
    }
}
