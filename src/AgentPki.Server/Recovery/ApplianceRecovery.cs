using AgentPki.Authority.Composition;
using AgentPki.Authority.Recovery;
using AgentPki.Authority.Recovery.Shipping;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Recovery;

/// <summary>Backups and shipping of one running appliance.</summary>
internal static class ApplianceRecovery
{
    /// <param name="ledgerKey">Signs the archives.</param>
    internal static RecoveryDesk Start(ApplianceParts parts, AuthorityServices authority, KeyReference ledgerKey, Func<string, string?> variable, TimeProvider clock)
    {
        var (home, options, store) = (parts.Home, parts.Options, parts.Store);
        var keys = new HomeKeys(TokenAccess.OptionsOf(home, options, variable), store, options.Development);
        var content = new HomeContent(home, options, keys.Folders);
        var source = new BackupSource
        {
            Appliance = options.Name,
            Software = VersionText.Number,
            Officers = token => HomeOfficers.ReadAsync(home, options.Backup.Quorum, store, token),
            Files = found => content.Read(HomeKeys.TakeTokenFiles(found)),
            Keys = keys.ListAsync,
        };
        var backups = new BackupService(store, authority.Commits, parts.Providers, ledgerKey, source, clock);
        var shipping = options.Backup.Ship.Length == 0 ? null
            : new ShippingService(store, store, backups, new ShippingOptions(home.Resolve(options.Backup.Ship)) { Interval = options.Backup.ShipInterval }, authority.SupersedeAsync, clock, parts.Environment.Loggers.CreateLogger<ShippingService>());
        return new RecoveryDesk(backups, store, store, home.Resolve(options.Backup.Folder), shipping, clock) { Adoption = new AdoptionService(authority, parts.Providers, clock) };
    }

    /// <summary>Refuses to serve a log that was restored on another machine and goes on there.</summary>
    /// <exception cref="CommandException">It was.</exception>
    internal static async Task RequireNotSupersededAsync(ApplianceParts parts, CancellationToken cancellationToken)
    {
        if (parts.Options.Backup.Ship is not { Length: > 0 } ship)
        {
            return;
        }

        var extent = await ((ILedgerStore)parts.Store).ExtentAsync(cancellationToken);
        try
        {
            if (new ShippingFolder(parts.Home.Resolve(ship), extent.LogId).NewestEpoch is var newest && newest > extent.Epoch)
            {
                throw new CommandException(
                    ExitCodes.Refused,
                    $"This log was restored on another machine: {ship} has its epoch {newest}, and this home is of epoch {extent.Epoch}.",
                    "Leave this machine switched off: what it issued after the backup can be adopted there ('agentpki adopt'), and two that go on would be a fork.");
            }
        }
        catch (IOException)
        {
            // The target is away: shipping says so, and looks again.
        }
    }
}
