using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>Checkpoints in the database and outside of it, and what they tell when a database comes back older or other.</summary>
public sealed class CheckpointTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly PlatformProvider _provider = new();
    private ISigningKey _key = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _key = await _provider.GenerateAsync(new KeySpec("checkpoint", KeyAlgorithm.EcdsaP256, KeyPurpose.LedgerCheckpoint), Cancelled);

    public async ValueTask DisposeAsync()
    {
        await _key.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task AddCheckpoint_IsKeptInTheDatabaseAndTheFile()
    {
        await using var store = await _folder.OpenAsync();
        var signed = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            store.Apply([Entry(i)]);
            signed.Add(await CheckpointAsync(store));
        }

        Assert.Equal(signed[^1], (await store.LatestCheckpointAsync(Cancelled))?.ToString());
        Assert.Equal(signed, CheckpointFile.Split(await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled)));
        Assert.True((await VerifyAsync(store)).IsIntact);
    }

    [Fact]
    public async Task AddCheckpoint_AfterAHalfOne_CutsItOff()
    {
        await using var store = await _folder.OpenAsync();
        var first = await CheckpointAsync(store);
        store.Apply([Entry(1)]);
        await File.AppendAllTextAsync(_folder.Checkpoints, first[..^10], Cancelled);

        var second = await CheckpointAsync(store);

        Assert.Equal([first, second], CheckpointFile.Split(await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled)));
    }

    [Fact]
    public async Task AddCheckpoint_LongFile_KeepsAllOfIt()
    {
        await using var store = await _folder.OpenAsync();
        for (var i = 0; i < 300; i++)
        {
            store.Apply([Entry(i)]);
            await CheckpointAsync(store);
        }

        var content = await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled);
        Assert.True(content.Length > 1 << 16, "The file is not long enough to be read from its end.");
        Assert.Equal(Enumerable.Range(2, 300), CheckpointFile.Split(content).Select(note => SignedCheckpoint.TryParse(note, out var c, out _) ? (int)c.Checkpoint.Size : -1));
    }

    [Fact]
    public async Task AddCheckpoint_OfAnotherLogOrStateOrBeyondTheEnd_Throws()
    {
        await using var store = await _folder.OpenAsync();
        store.Apply([Entry(1)]);
        var head = await store.HeadAsync(Cancelled);

        foreach (var wrong in new[] { head with { LogId = LogId.Generate() }, head with { Size = 9 }, head with { Size = 1 }, head with { Size = 0 }, head with { Epoch = 2 }, head with { Root = MerkleTree.EmptyRoot } })
        {
            var signed = await new CheckpointSigner(_key).SignAsync(wrong, Cancelled);
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.AddCheckpointAsync(signed, Cancelled));
        }

        Assert.Null(await store.LatestCheckpointAsync(Cancelled));
    }

    [Fact]
    public async Task Open_SetBackToAnOlderCopy_IsRefused_AndARestoreThatSaysSoIsNot()
    {
        // A copy of the database, then more entries and a checkpoint over them; then the copy comes back.
        await using (var store = await _folder.OpenAsync())
        {
            store.Apply([.. Enumerable.Range(0, 10).Select(Entry)]);
            await CheckpointAsync(store);
        }

        File.Copy(_folder.Database, _folder.Database + ".copy");
        Checkpoint last;
        await using (var store = await _folder.OpenAsync())
        {
            store.Apply([.. Enumerable.Range(10, 5).Select(Entry)]);
            await CheckpointAsync(store);
            last = (await store.LatestCheckpointAsync(Cancelled))!.Checkpoint;
        }

        File.Move(_folder.Database + ".copy", _folder.Database, overwrite: true);

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync());
        Assert.Contains("had 16 entries, and the database has 11", failure.Message, StringComparison.Ordinal);

        await using (var restored = await _folder.OpenAsync(_folder.Options with { AllowSetBack = true }))
        {
            Assert.IsType<CommitOutcome.Committed>(restored.BeginEpoch(last, StoreSamples.Now, "admin:uid=0"));
            await CheckpointAsync(restored);
            var verified = await VerifyAsync(restored);
            Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
            Assert.Contains("lost entries 11 to 15", Assert.Single(verified.Restores), StringComparison.Ordinal);
        }

        await using var opened = await _folder.OpenAsync();
        Assert.Equal(2, (await opened.HeadAsync(Cancelled)).Epoch);
    }

    [Fact]
    public async Task Open_AnotherDatabase_IsRefused()
    {
        await using (var store = await _folder.OpenAsync())
        {
            await CheckpointAsync(store);
        }

        File.Delete(_folder.Database);

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync());
        Assert.Contains("of another log", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_EntryChangedUnderTheLastCheckpoint_IsRefused()
    {
        await using (var store = await _folder.OpenAsync())
        {
            store.Apply([.. Enumerable.Range(0, 10).Select(Entry)]);
            await CheckpointAsync(store);
        }

        Tamper("UPDATE ledger SET time = time + 1 WHERE leaf = 4");

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync());
        Assert.Contains("are not those that the last checkpoint", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThinCheckpoints_TheFileIsShortenedWithTheDatabase_AndStillTellsASetBack()
    {
        var signed = new List<string>();
        await using (var store = await _folder.OpenAsync())
        {
            for (var i = 0; i < 6; i++)
            {
                store.Apply([Entry(i)]);
                signed.Add(await CheckpointAsync(store));
            }

            await File.WriteAllTextAsync(_folder.Checkpoints + ".new", "left by a crash", Cancelled);
            Assert.Equal(5, await store.ThinCheckpointsAsync(StoreSamples.Now.AddDays(1), Cancelled));
            Assert.Equal([signed[^1]], CheckpointFile.Split(await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled)));
            store.Apply([Entry(7)]);
            signed.Add(await CheckpointAsync(store));
            Assert.Equal(signed[^2..], CheckpointFile.Split(await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled)));
            Assert.True((await VerifyAsync(store)).IsIntact);
        }

        Tamper("DELETE FROM ledger WHERE leaf > 3");
        Assert.Contains("was signed when the log had", (await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync())).Message, StringComparison.Ordinal);
    }

    /// <summary>With somebody else's SQL, what the offline verifier says of the real database.</summary>
    [Theory]
    [InlineData("UPDATE ledger SET details = x'00' WHERE leaf = 4", "entry 4: Changed")]
    [InlineData("UPDATE ledger SET commitment = zeroblob(32) WHERE leaf = 4", "entry 4: Changed")]
    [InlineData("UPDATE ledger SET commitment = x'00' WHERE leaf = 4", "entry 4: Changed")]
    [InlineData("UPDATE ledger SET kind = 11 WHERE leaf = 4", "entry 4: Changed")]
    [InlineData("UPDATE ledger SET salt = NULL, details = NULL WHERE leaf = 4", "entry 4: ErasedUnexplained")]
    [InlineData("DELETE FROM ledger WHERE leaf = 4", "entry 4: Removed")]
    [InlineData("DELETE FROM ledger WHERE leaf > 8", "entries 9 to 13: Truncated")]
    [InlineData("UPDATE ledger SET leaf = -4 WHERE leaf = 4; UPDATE ledger SET leaf = 4 WHERE leaf = 7; UPDATE ledger SET leaf = 7 WHERE leaf = -4", "entry 7: Reordered")]
    [InlineData("UPDATE checkpoints SET note = replace(note, 'a', 'b')", "CheckpointInvalid")]
    [InlineData("INSERT INTO checkpoint_signatures VALUES (14, 'not a name', 1, 1, x'00')", "CheckpointInvalid")]
    [InlineData("UPDATE certificates SET der = x'3000' WHERE leaf = 4", "entry 4: CertificateMissing")]
    [InlineData("DELETE FROM certificates WHERE leaf = 4", "entry 4: CertificateMissing")]
    [InlineData("INSERT INTO certificates (id, authority, serial, key, agent, leaf, profile, not_before, not_after, issued, requester, der) SELECT 99, authority, x'01', key, agent, leaf, profile, not_before, not_after, issued, requester, der FROM certificates WHERE leaf = 4", "entry 4: CertificateUnexplained")]
    [InlineData("DELETE FROM revocations", "entry 12: RevocationMissing")]
    [InlineData("INSERT INTO revocations SELECT authority, serial, 0, 1, 9, leaf, 0, 0, NULL FROM certificates WHERE leaf = 4", "entry 4: RevocationUnexplained")]
    public async Task Verify_DatabaseTamperedWith_NamesIt(string sql, string finding)
    {
        await using (var store = await _folder.OpenAsync())
        {
            store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
            store.Apply([.. Enumerable.Range(2, 10).Select(StoreSamples.Issuance)]);
            store.Apply([StoreSamples.Revocation(5), Entry(1)]);
            await CheckpointAsync(store);
        }

        foreach (var statement in sql.Split(';'))
        {
            Tamper(statement);
        }

        await using var reader = await _folder.OpenReadOnlyAsync();
        var result = await VerifyAsync(reader);

        Assert.Contains(result.Findings, f => f.ToString().StartsWith(finding, StringComparison.Ordinal));
    }

    private static CommitRequest Entry(int n) => new(StoreSamples.Entry(LedgerEntryKind.EnrollmentRefused, ("n", $"{n}")), []);

    private async Task<string> CheckpointAsync(SqliteStore store)
    {
        var signed = await new CheckpointSigner(_key).SignAsync(await store.HeadAsync(Cancelled), Cancelled);
        await store.AddCheckpointAsync(signed, Cancelled);
        return signed.ToString();
    }

    private async Task<LedgerVerification> VerifyAsync(SqliteStore store)
    {
        var external = CheckpointFile.Split(await File.ReadAllTextAsync(_folder.Checkpoints, Cancelled));
        var options = new LedgerVerifierOptions { TrustedKeys = [_key.PublicKey], Evidence = store, ExternalCheckpoints = external };
        return await LedgerVerifier.VerifyAsync(store, new CryptoProviders(_provider), options, null, Cancelled);
    }

    private void Tamper(string sql)
    {
        using var database = SqlSession.Open(_folder.Database);
        database.ExecuteOnce(sql);
    }
}
