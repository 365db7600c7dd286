using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Recovery;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>The officers of a home: as its ceremonies have enrolled them, or, before the first, whose files lie in <c>officers/</c>.</summary>
internal static class HomeOfficers
{
    /// <param name="quorum">How many of them open a backup where no ceremony has said so.</param>
    /// <exception cref="BackupException">There are too few, or somebody has exchanged them.</exception>
    internal static async ValueTask<OfficerRoster> ReadAsync(ApplianceHome home, int quorum, IRecoveryStore store, CancellationToken cancellationToken)
    {
        var roster = File.Exists(home.Roster) ? Enrolled(home) : Gathered(home, quorum);
        var said = (await store.LatestOfKindAsync(LedgerEntryKind.OfficersChanged, cancellationToken))?.Details?.Facts.GetValueOrDefault(AuditDetails.Digest);
        return said is null || said == roster.Sha256
            ? roster
            : throw new BackupException($"The officers in {home.Officers} are not those that the ledger has: the files were exchanged, and a backup would be sealed to others. Restore {home.Roster} from the evidence of the last ceremony that changed the officers.");
    }

    private static OfficerRoster Enrolled(ApplianceHome home) => OfficerRoster.TryParse(File.ReadAllBytes(home.Roster), ProviderList.SoftwareOnly, out var roster, out var problem)
        ? roster
        : throw new BackupException($"{home.Roster} cannot be read: {problem}. Restore it from the evidence of the last ceremony that changed the officers.");

    private static OfficerRoster Gathered(ApplianceHome home, int quorum)
    {
        var officers = new List<Officer>();
        foreach (var path in Directory.Exists(home.Officers) ? Directory.GetFiles(home.Officers, "*.officer").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            officers.Add(Officer.TryParse(File.ReadAllBytes(path), ProviderList.SoftwareOnly, out var officer, out var problem)
                ? officer
                : throw new BackupException($"{path} is no officer's file: {problem}."));
        }

        try
        {
            return OfficerRoster.Of(quorum, officers);
        }
        catch (ArgumentException error)
        {
            throw new BackupException($"Backups are sealed to officers, and {home.Officers} has not those that backup.quorum ({quorum}) asks for: {error.Message.Split(" (Parameter", 2)[0]}. Put each officer's file (NAME.officer) there.", error);
        }
    }
}
