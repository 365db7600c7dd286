using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Authority.Recovery;

/// <summary>Writes an appliance into one archive while it serves: a snapshot of its store, its files, and what its keys need.</summary>
/// <param name="ledgerKey">Signs the archive's header.</param>
public sealed class BackupService(IRecoveryStore store, CommitWriter commits, CryptoProviders providers, KeyReference ledgerKey, BackupSource source, TimeProvider time)
{
    /// <summary>Of a file that is not whole yet.</summary>
    internal const string PartSuffix = ".part";

    /// <summary>Writes a backup to a new file and records it. Nothing half is left: the file has its name when it is whole and on the disk.</summary>
    /// <exception cref="BackupException">It cannot be made; nothing was left behind.</exception>
    /// <exception cref="KeyUnavailableException">The ledger's key cannot sign now.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read, or the record not written.</exception>
    public Task<BackupReceipt> WriteFileAsync(string path, string actor, CancellationToken cancellationToken) => WriteFileAsync(ArchiveKind.Backup, path, null, actor, cancellationToken);

    /// <param name="follower">Told of what is committed after exactly this backup.</param>
    internal async Task<BackupReceipt> WriteFileAsync(ArchiveKind kind, string path, ICommitFollower? follower, string actor, CancellationToken cancellationToken)
    {
        var part = path + PartSuffix;
        try
        {
            BackupReceipt receipt;
            await using (var file = new FileStream(part, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous }))
            {
                receipt = await WriteAsync(kind, file, follower, cancellationToken);
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }

            File.Move(part, path);
            await RecordAsync(receipt, actor);
            return receipt;
        }
        catch (Exception failure)
        {
            TryDelete(part);
            throw failure is IOException or UnauthorizedAccessException
                ? new BackupException($"The backup could not be written to {path}: {failure.Message} Nothing of it was left; free or add disk space, or choose another place.", failure)
                : failure;
        }
    }

    private async Task<BackupReceipt> WriteAsync(ArchiveKind kind, Stream target, ICommitFollower? follower, CancellationToken cancellationToken)
    {
        // The files first: a checkpoint among them is then of a state that the snapshot has.
        var keys = await source.Keys(cancellationToken);
        var files = source.Files(keys);
        await using var signing = await OpenKeyAsync(cancellationToken);
        var officers = await source.Officers(cancellationToken);
        await using var snapshot = await store.SnapshotAsync(follower, cancellationToken);
        var (header, key) = await SealAsync(
            new Unsealed(kind, officers, snapshot.Head, signing.PublicKey) { Checkpoint = snapshot.Checkpoint, Certificates = snapshot.Certificates, Keys = keys }, cancellationToken);
        using (key)
        {
            await using var counting = new HashingStream(target);
            using var archive = await ArchiveWriter.CreateAsync(counting, header, key, new ArchiveSigner(signing), cancellationToken);
            foreach (var (name, content) in files)
            {
                await archive.AddAsync(name, content, cancellationToken);
            }

            await archive.AddAsync(ArchiveContent.Database, snapshot.WriteAsync, cancellationToken);
            await archive.CompleteAsync(cancellationToken);
            return new BackupReceipt(header, archive.Files, counting.Written, counting.Digest());
        }
    }

    /// <summary>A header with a new key that only the officers together can open.</summary>
    internal async ValueTask<(ArchiveHeader Header, ArchiveKey Key)> SealAsync(Unsealed unsealed, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var key = ArchiveKey.Generate(id);
        try
        {
            var sealedKey = await SealedSecret.SealAsync(key.Secret, $"key of {unsealed.Kind.ToString().ToLowerInvariant()} {id}", unsealed.Officers, providers, cancellationToken);
            return (new ArchiveHeader
            {
                Id = id,
                Kind = unsealed.Kind,
                Appliance = source.Appliance,
                Software = source.Software,
                Created = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds()),
                Head = unsealed.Head,
                Checkpoint = unsealed.Checkpoint,
                LedgerKey = unsealed.LedgerKey,
                Certificates = unsealed.Certificates,
                Officers = unsealed.Officers,
                SealedKey = sealedKey,
                KeyCommitment = key.Commitment,
                Keys = unsealed.Keys,
                Place = unsealed.Place,
            }, key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    internal ValueTask<OfficerRoster> OfficersAsync(CancellationToken cancellationToken) => source.Officers(cancellationToken);

    internal async ValueTask<ISigningKey> OpenKeyAsync(CancellationToken cancellationToken)
    {
        var provider = providers.Find(ledgerKey.Provider) ?? throw new KeyUnavailableException($"No crypto provider is named '{ledgerKey.Provider}', which keeps the ledger's key.", TimeSpan.FromMinutes(1));
        return await provider.OpenAsync(ledgerKey.Label, cancellationToken) ?? throw new KeyUnavailableException($"Provider '{ledgerKey.Provider}' has no key '{ledgerKey.Label}'.", TimeSpan.FromMinutes(1));
    }

    private async ValueTask RecordAsync(BackupReceipt receipt, string actor)
    {
        var header = receipt.Header;
        var entry = new LedgerEntry(LedgerEntryKind.BackupMade, time.GetUtcNow(), actor, AuditDetails.Of(
            (RecoveryFacts.Archive, header.Id),
            (RecoveryFacts.Kind, header.Kind.ToString()),
            (RecoveryFacts.Size, header.Head.Size.ToString(CultureInfo.InvariantCulture)),
            (RecoveryFacts.Root, header.Head.Root.ToBase64()),
            (RecoveryFacts.Sha256, AuditDetails.Hex(receipt.Sha256.Span)),
            (RecoveryFacts.Octets, receipt.Octets.ToString(CultureInfo.InvariantCulture)),
            (RecoveryFacts.Quorum, string.Create(CultureInfo.InvariantCulture, $"{header.Officers.Quorum} of {string.Join(", ", header.Officers.Officers.Select(o => o.Name))}"))));
        var record = new BackupRecord(header.Id, header.Kind, header.Created, header.Head.Size, receipt.Octets, receipt.Sha256.ToArray());
        await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddBackup(record)]), CancellationToken.None);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is left has another name than a backup, and no end: nobody takes it for one.
        }
    }

    /// <summary>A header before it has a key.</summary>
    internal sealed record Unsealed(ArchiveKind Kind, OfficerRoster Officers, LedgerHead Head, PublicKey LedgerKey)
    {
        public string? Checkpoint { get; init; }

        public long Certificates { get; init; }

        public System.Collections.Immutable.ImmutableArray<BackedUpKey> Keys { get; init; } = [];

        public SegmentPlace? Place { get; init; }
    }
}
