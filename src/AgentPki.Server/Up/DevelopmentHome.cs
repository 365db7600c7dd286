using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Up;

/// <summary>Makes a development home, or completes one whose making was cut short: every step leaves a whole file or none.</summary>
public static class DevelopmentHome
{
    /// <summary>Names the module of an NSS softoken with ML-DSA (hsm-config/nss/install.sh), which a new home then has as its second token. Set by the launcher.</summary>
    internal const string LatticeModuleVariable = "AGENTPKI_NSS_MODULE";

    /// <returns>Whether the configuration was written now: the home is new.</returns>
    /// <exception cref="CommandException">The home cannot be written, or is another user's.</exception>
    internal static bool Ensure(ApplianceHome home, string trustDomain, HomeKind? kind, Func<string, string?> variable)
    {
        if (home.Exists)
        {
            ProfileFiles.WriteDefaults(home, static _ => null);
            return false;
        }

        kind ??= HomeKind.Classical;
        ProfileFiles.WriteDefaults(home, kind.PreferredIn);
        PrivateFile.Write(home.WorkloadEntries, DefaultConfiguration.Entries(NativeMethods.EffectiveUser()));
        PrivateFile.Write(home.ConfigurationFile, DefaultConfiguration.Development("AgentPki", trustDomain, kind.Name, LatticeModule(kind, variable), variable));
        return true;
    }

    /// <summary>The kind of keys an existing home was made for.</summary>
    /// <exception cref="CommandException">It is another than <paramref name="wanted"/>.</exception>
    internal static HomeKind KindOf(ApplianceHome home, ApplianceOptions options, HomeKind? wanted)
    {
        var kind = options.Profile.Length == 0 ? HomeKind.Classical : HomeKind.Parse(options.Profile);
        return wanted is null || wanted == kind
            ? kind
            : throw new CommandException(
                ExitCodes.Usage,
                $"The home {home.Root} was made for profile '{kind.Name}', and its CAs keep their keys.",
                $"Leave --profile out, or make another home: {CommandContext.HomeVariable}=FOLDER agentpki up --profile {(wanted.Issuing.IsCatalyst ? $"'{wanted.Name}'" : wanted.Name)} (and other ports).");
    }

    private static string? LatticeModule(HomeKind kind, Func<string, string?> variable) =>
        kind.WantsLatticeToken && variable(LatticeModuleVariable) is { Length: > 0 } module && File.Exists(module) ? Path.GetFullPath(module) : null;
}
