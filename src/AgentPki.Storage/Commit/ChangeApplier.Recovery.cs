using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

internal sealed partial class ChangeApplier
{
    private string? AddBackup(BackupRecord backup) =>
        Write(session.Prepared("INSERT INTO backups (id, kind, created, entries, octets, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            .Bind(1, backup.Id).Bind(2, (long)backup.Kind).Bind(3, backup.Created).Bind(4, backup.Entries).Bind(5, backup.Octets).Bind(6, backup.Sha256))
            ? null
            : ConflictReasons.BackupExists(backup.Id);
}
