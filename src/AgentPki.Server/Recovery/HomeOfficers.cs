using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Recovery;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>The officers whose files lie in a home.</summary>
internal static class HomeOfficers
{
    /// <exception cref="BackupException">There are too few, or one of the files is none.</exception>
    internal static OfficerRoster Read(ApplianceHome home, int quorum)
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
