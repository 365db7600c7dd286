using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Up;

/// <summary>Makes a development home, or completes one whose making was cut short: every step leaves a whole file or none.</summary>
public static class DevelopmentHome
{
    /// <returns>Whether the configuration was written now: the home is new.</returns>
    /// <exception cref="CommandException">The home cannot be written, or is another user's.</exception>
    public static bool Ensure(ApplianceHome home, string trustDomain, Func<string, string?> variable)
    {
        ProfileFiles.WriteDefaults(home);
        if (home.Exists)
        {
            return false;
        }

        PrivateFile.Write(home.ConfigurationFile, DefaultConfiguration.Development("AgentPki", trustDomain, variable));
        return true;
    }
}
