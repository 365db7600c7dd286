using AgentPki.Authority;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Recovery;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Storage.Tests.Recovery;

/// <summary>A store with its commit writer, three officers of whom two decide, a ledger key, and a backup service over them.</summary>
internal sealed class RecoveryBench : IAsyncDisposable
{
    private static readonly CancellationToken Cancelled = TestContext.Current.CancellationToken;
    private readonly AuthorityMetrics _metrics = new();

    private RecoveryBench(SqliteStore store, TestOfficers officers, ISigningKey ledgerKey)
    {
        (Store, Officers, LedgerKey) = (store, officers, ledgerKey.PublicKey);
        Commits = new CommitWriter(store, new CommitWriterOptions(), new RevocationClock(0), _metrics, NullLogger<CommitWriter>.Instance);
        Backups = new BackupService(
            store,
            Commits,
            TestOfficers.Software,
            ledgerKey.Reference,
            new BackupSource
            {
                Appliance = "Bench",
                Software = "0.0-test",
                Officers = _ => new(Officers.Roster),
                Files = _ => Files,
                Keys = _ => new([new BackedUpKey("issuing", "platform", "issuing-key", new string('0', 64), KeyBackup.None)]),
            },
            TimeProvider.System);
    }

    public TemporaryFolder Folder { get; private init; } = new();

    public SqliteStore Store { get; }

    public CommitWriter Commits { get; }

    public TestOfficers Officers { get; set; }

    public PublicKey LedgerKey { get; }

    public BackupService Backups { get; }

    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> Files { get; set; } = [("agentpki.yaml", "name: Bench\n"u8.ToArray()), ("profiles/agent.yaml", new byte[200_000])];

    public string Archive => Path.Combine(Folder.Path, "one.apb");

    public static async Task<RecoveryBench> CreateAsync()
    {
        var folder = new TemporaryFolder();
        var store = await folder.OpenAsync();
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        store.Apply([.. Enumerable.Range(0, 40).Select(StoreSamples.Issuance)]);
        var key = await TestOfficers.Software.For(KeyAlgorithm.EcdsaP256, KeyCapabilities.Generate)!.GenerateAsync(new KeySpec($"ledger-{Guid.NewGuid():N}", KeyAlgorithm.EcdsaP256, KeyPurpose.LedgerCheckpoint), Cancelled);
        return new RecoveryBench(store, await TestOfficers.CreateAsync(2, "alice", "bob", "carol"), key) { Folder = folder };
    }

    public Task IssueAsync(int from, int count) => Task.WhenAll(Enumerable.Range(from, count).Select(n => Commits.CommitAsync(StoreSamples.Issuance(n), Cancelled).AsTask()));

    /// <summary>The key of an archive, put together by officers.</summary>
    public async Task<ArchiveKey> OpenAsync(ArchiveHeader header, params string[] names)
    {
        var shares = new List<OpenedShare>();
        foreach (var name in names)
        {
            await using var key = Officers.Open(name);
            var (share, problem) = await header.SealedKey.OpenShareAsync(key, Cancelled);
            shares.Add(share ?? throw new ArchiveException(problem!));
        }

        var (secret, wrong) = header.SealedKey.Open(shares);
        return ArchiveKey.Of(secret ?? throw new ArchiveException(wrong!), header);
    }

    /// <summary>Reads a whole archive as a restore does; its database is restored to a path.</summary>
    public async Task<(ArchiveHeader Header, Dictionary<string, byte[]> Files, DatabaseRestore Restore)> ReadAsync(Stream source, string database, params string[] officers)
    {
        var file = await ArchiveFile.ReadAsync(source, TestOfficers.Software, Cancelled);
        file.RequireSignedBy(LedgerKey, TestOfficers.Software);
        using var key = await OpenAsync(file.Header, officers);
        var files = new Dictionary<string, byte[]>();
        DatabaseRestore? restore = null;
        await ArchiveReader.ReadAsync(
            source,
            file,
            key,
            async (name, content, token) =>
            {
                if (name == ArchiveContent.Database)
                {
                    restore = await DatabaseRestore.BeginAsync(database, content, token);
                    return;
                }

                using var memory = new MemoryStream();
                await content.CopyToAsync(memory, token);
                files.Add(name, memory.ToArray());
            },
            Cancelled);
        return (file.Header, files, restore!);
    }

    public async ValueTask DisposeAsync()
    {
        await Commits.DisposeAsync();
        await Store.DisposeAsync();
        _metrics.Dispose();
        Folder.Dispose();
    }
}
