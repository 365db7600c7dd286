using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Doctor;

/// <summary>The recovery point: what would be lost if this machine were gone now.</summary>
internal static class RecoveryCheck
{
    private const string Name = "recovery point";

    /// <param name="entries">Of the ledger, now.</param>
    internal static async Task<Finding> RunAsync(DoctorContext context, IRecoveryStore store, long entries, CancellationToken cancellationToken)
    {
        var settings = context.Options.Backup;
        var shipped = settings.Ship.Length > 0 ? $"; what is committed is shipped to {settings.Ship} within {Durations.Format(settings.ShipInterval)}" : "";
        if (await store.LatestBackupAsync(cancellationToken) is not { } newest)
        {
            var nothing = string.Create(CultureInfo.InvariantCulture, $"no backup was made: with this machine all {entries} entries would be lost{shipped}");
            return context.Options.Development ? Finding.Ok(Name, nothing) : Finding.Warn(Name, nothing, "Type 'agentpki backup'; docs/recovery.md says what it takes, and how commits are shipped.");
        }

        var age = context.Clock.GetUtcNow() - newest.Created;
        var detail = string.Create(CultureInfo.InvariantCulture, $"the newest backup is of {Output.Time(newest.Created)}; {entries - newest.Entries} entries were made since{shipped}");
        return age <= settings.WarnAfter || settings.Ship.Length > 0 ? Finding.Ok(Name, detail) : Finding.Warn(Name, detail, "Type 'agentpki backup', and have it done by a timer; or set backup.ship.folder in agentpki.yaml.");
    }
}
