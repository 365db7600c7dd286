using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Verification;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>What goes wrong under a store, and that the message says cause and remedy.</summary>
public sealed class FailureTests
{
    private static readonly CommitRequest Authority = StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Apply_DiskFull_WritesNothingSaysSoAndGoesOnWhenThereIsSpace()
    {
        using var disk = new SmallDisk();
        var store = await OpenAsync(disk.Options());
        store.Apply([Authority]);
        var (stored, failed) = (0, (List<CommitRequest>?)null);
        while (failed is null)
        {
            var batch = Enumerable.Range(stored, 50).Select(StoreSamples.Issuance).ToList();
            var before = await store.HeadAsync(Cancelled);
            try
            {
                store.Apply(batch);
                stored += 50;
                Assert.True(stored < 20_000, "The disk never became full.");
            }
            catch (StoreUnavailableException full)
            {
                Assert.Contains("space", full.Message, StringComparison.Ordinal);
                Assert.Contains(disk.Database, full.Message, StringComparison.Ordinal);
                Assert.Equal(before, await store.HeadAsync(Cancelled));
                failed = batch;
            }
        }

        // Still full: it fails again, and what was stored can be read.
        Assert.Throws<StoreUnavailableException>(() => store.Apply([.. failed, .. Enumerable.Range(stored + 50, 400).Select(StoreSamples.Issuance)]));
        Assert.Equal(stored, await ((ICertificateStore)store).CountAsync(Cancelled));
        Assert.NotNull(await ((ICertificateStore)store).FindAsync(StoreSamples.Authority, StoreSamples.Serial(0), Cancelled));
        Assert.Null(await ((ICertificateStore)store).FindAsync(StoreSamples.Authority, StoreSamples.Serial(stored), Cancelled));

        if (!disk.MakeSpace())
        {
            await store.DisposeAsync();
            store = await OpenAsync(disk.Options(spacious: true));
        }

        Assert.All(store.Apply(failed), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
        Assert.Equal(stored + 50, await ((ICertificateStore)store).CountAsync(Cancelled));
        await AssertVerifiesAsync(store);
        await store.DisposeAsync();
        await using var again = await OpenAsync(disk.Options(spacious: true));
        Assert.Equal(stored + 50, await ((ICertificateStore)again).CountAsync(Cancelled));
        await AssertVerifiesAsync(again);
    }

    [Fact]
    public async Task Open_ReadOnlyFileSystem_SaysSo_AndCanStillBeRead()
    {
        using var disk = new SmallDisk();
        await using (var store = await OpenAsync(disk.Options(spacious: true)))
        {
            store.Apply([Authority, StoreSamples.Issuance(1)]);
        }

        disk.MakeReadOnly();
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => OpenAsync(disk.Options(spacious: true)));
        Assert.Contains("write access", failure.Message, StringComparison.Ordinal);
        await using (var reader = await SqliteStore.OpenReadOnlyAsync(disk.Options(), NullLogger<SqliteStore>.Instance, Cancelled))
        {
            Assert.Equal(1, await ((ICertificateStore)reader).CountAsync(Cancelled));
            await AssertVerifiesAsync(reader);
        }
    }

    [Fact]
    public async Task Open_InUseByAnotherProcess_SaysWhichOne()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync();

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync());

        Assert.Contains($"in use by another process (pid {Environment.ProcessId})", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_LockFileLeftByADeadProcess_DoesNotMind()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Database + ".lock", "", Cancelled);
        await File.WriteAllTextAsync(folder.Database + ".lock.pid", "1", Cancelled);

        await using var store = await folder.OpenAsync();
        Assert.Single(store.Apply([Authority]));
    }

    [Fact]
    public async Task Open_FolderMissing_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync(new SqliteStoreOptions { DatabasePath = Path.Combine(folder.Path, "none", "agentpki.db") }));
        Assert.Contains("does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_NotADatabase_SaysSo()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Database, string.Concat(Enumerable.Repeat("this is no database ", 1000)), Cancelled);

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync());
        Assert.Contains("is not a database", failure.Message, StringComparison.Ordinal);
        failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenReadOnlyAsync());
        Assert.Contains("is not a database", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DatabaseOfAnotherApplication_SaysSoAndLeavesItAlone()
    {
        using var folder = new TemporaryFolder();
        using (var other = SqlSession.Open(folder.Database))
        {
            other.ExecuteOnce("CREATE TABLE theirs (x)");
        }

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync());
        Assert.Contains("not of this application", failure.Message, StringComparison.Ordinal);
        using var after = SqlSession.Open(folder.Database);
        Assert.Equal(1, after.QueryInt64("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public async Task Open_DamagedPages_SaysSo()
    {
        using var folder = new TemporaryFolder();
        await using (var store = await folder.OpenAsync())
        {
            store.Apply([Authority]);
            for (var i = 0; i < 20; i++)
            {
                store.Apply([.. Enumerable.Range(i * 50, 50).Select(StoreSamples.Issuance)]);
            }
        }

        await using (var file = File.OpenWrite(folder.Database))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xA5, (int)file.Length - 4096).ToArray());
        }

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync());
        Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_LastEntriesCutOut_SaysSo()
    {
        using var folder = new TemporaryFolder();
        await using (var store = await folder.OpenAsync())
        {
            store.Apply([Authority]);
            store.Apply([.. Enumerable.Range(0, 20).Select(StoreSamples.Issuance)]);
        }

        using (var database = SqlSession.Open(folder.Database))
        {
            database.ExecuteOnce("DELETE FROM ledger WHERE leaf = 12");
        }

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenAsync());
        Assert.Contains("Entry 12 is missing", failure.Message, StringComparison.Ordinal);
        Assert.Contains("audit verify", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenReadOnly_NoDatabase_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => folder.OpenReadOnlyAsync());
        Assert.Contains("There is no database", failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.Database));
    }

    [Fact]
    public async Task OpenReadOnly_WhileAServerWrites_ReadsOneStateAndVerifies_AndCannotWrite()
    {
        using var folder = new TemporaryFolder();
        await using var server = await folder.OpenAsync();
        server.Apply([Authority, StoreSamples.Issuance(0)]);
        await using var reader = await folder.OpenReadOnlyAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(
            () =>
            {
                for (var n = 1; !stop.IsCancellationRequested; n += 5)
                {
                    server.Apply([.. Enumerable.Range(n, 5).Select(StoreSamples.Issuance), StoreSamples.Revocation(n)]);
                }
            },
            Cancelled);

        for (var i = 0; i < 5; i++)
        {
            await AssertVerifiesAsync(reader);
        }

        await stop.CancelAsync();
        await writing;
        Assert.True(reader.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => reader.Apply([Authority]));
    }

    [Fact]
    public async Task Files_AreReadableByTheirOwnerAlone()
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync();
        store.Apply([Authority]);

        foreach (var file in new[] { folder.Database, folder.Database + "-wal", folder.Database + "-shm", folder.Database + ".lock" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task EraseDetails_LeavesNoTraceInTheFiles()
    {
        using var folder = new TemporaryFolder();
        long leaf;
        await using (var store = await folder.OpenAsync())
        {
            var secret = new CommitRequest(StoreSamples.Entry(LedgerEntryKind.EnrollmentRefused, ("name", "a-person-to-be-forgotten")), []);
            leaf = Assert.IsType<CommitOutcome.Committed>(store.Apply([secret])[0]).LeafIndex;
        }

        Assert.Contains("a-person-to-be-forgotten", Content(folder), StringComparison.Ordinal);
        await using (var store = await folder.OpenAsync())
        {
            store.Apply([new CommitRequest(StoreSamples.Entry(LedgerEntryKind.DetailsErased, (LedgerFacts.Leaf, $"{leaf}")), [new StoreChange.EraseDetails(leaf)])]);
        }

        Assert.DoesNotContain("a-person-to-be-forgotten", Content(folder), StringComparison.Ordinal);
        await using var again = await folder.OpenAsync();
        await AssertVerifiesAsync(again);
    }

    [Fact]
    public async Task Disposed_Throws()
    {
        using var folder = new TemporaryFolder();
        var store = await folder.OpenAsync();
        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => store.Apply([Authority]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ((ICertificateStore)store).CountAsync(Cancelled));
    }

    // Only while no store is open: closing a file ends every POSIX lock that its process holds on it, the engine's too.
    private static string Content(TemporaryFolder folder) =>
        string.Concat(Directory.EnumerateFiles(folder.Path, "agentpki.db*").Select(path => File.ReadAllText(path, System.Text.Encoding.Latin1)));

    private static Task<SqliteStore> OpenAsync(SqliteStoreOptions options) => SqliteStore.OpenAsync(options, TimeProvider.System, NullLogger<SqliteStore>.Instance, Cancelled);

    private static async Task AssertVerifiesAsync(SqliteStore store)
    {
        var result = await LedgerVerifier.VerifyAsync(store, new CryptoProviders(), new LedgerVerifierOptions { Evidence = store }, null, Cancelled);
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
    }
}
