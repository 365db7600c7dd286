namespace AgentPki.Authority.Store;

// Backups (docs/recovery.md).
public abstract partial record StoreChange
{
    /// <summary>A backup that was made. Conflict when its id exists.</summary>
    public sealed record AddBackup(BackupRecord Backup) : StoreChange;
}

/// <summary>A backup that was made.</summary>
/// <param name="Created">When its state was fixed.</param>
/// <param name="Entries">Of the ledger, in it.</param>
/// <param name="Octets">Length of the archive.</param>
public sealed record BackupRecord(string Id, Recovery.Archives.ArchiveKind Kind, DateTimeOffset Created, long Entries, long Octets, byte[] Sha256);
