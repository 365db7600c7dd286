namespace AgentPki.Server.Configuration;

/// <summary>Backups.</summary>
/// <param name="Quorum">How many of the officers in <c>officers/</c> open one.</param>
/// <param name="Folder">Where <c>agentpki backup</c> writes.</param>
/// <param name="WarnAfter">The age of the newest one at which <c>doctor</c> warns.</param>
/// <param name="Ship">The folder that commits are shipped to; empty: they are not.</param>
/// <param name="ShipInterval">How long a commit waits for others to be shipped with it.</param>
public sealed record BackupSettings(int Quorum, string Folder, TimeSpan WarnAfter, string Ship, TimeSpan ShipInterval)
{
    internal static BackupSettings Read(YamlSection section)
    {
        var ship = section.Section("ship");
        var settings = new BackupSettings(
            section.Number("quorum", 2, 2, 16),
            section.Text("folder", "backups"),
            section.Duration("warnAfter", TimeSpan.FromDays(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
            ship.Text("folder", ""),
            ship.Duration("interval", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)));
        ship.RefuseUnknown();
        section.RefuseUnknown();
        return settings;
    }
}
