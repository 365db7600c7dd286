using AgentPki.Authority.Profiles;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The profile files of a home.</summary>
public static class ProfileFiles
{
    /// <summary>Writes the default profiles into a home that has none; what is there is the operator's.</summary>
    public static void WriteDefaults(ApplianceHome home)
    {
        if (Directory.EnumerateFiles(home.Profiles, "*.yaml").Any())
        {
            return;
        }

        // Written beside and moved in as a whole: a start that is cut short leaves all of them or none.
        var staging = home.Profiles + ".new";
        if (Directory.Exists(staging))
        {
            Directory.Delete(staging, recursive: true);
        }

        Directory.CreateDirectory(staging);
        foreach (var (file, yaml) in ProfileCatalog.DefaultTexts())
        {
            PrivateFile.Write(Path.Combine(staging, file), yaml);
        }

        Directory.Delete(home.Profiles);
        Directory.Move(staging, home.Profiles);
    }

    /// <exception cref="CommandException">There are none, or one is wrong; every mistake with file, line and field.</exception>
    public static ProfileCatalog Load(ApplianceHome home)
    {
        if (!Directory.Exists(home.Profiles))
        {
            throw new CommandException(ExitCodes.Usage, $"There are no profiles in {home.Profiles}.", $"Type 'agentpki up' to make an appliance, or name its home with {CommandContext.HomeVariable}=FOLDER.");
        }

        try
        {
            return ProfileCatalog.Load(home.Profiles);
        }
        catch (ProfileException error)
        {
            throw new CommandException(ExitCodes.Usage, $"The profiles in {home.Profiles} are wrong: {string.Join("; ", error.Errors)}.", "Correct them; 'agentpki profile check' checks again.", error);
        }
    }
}
