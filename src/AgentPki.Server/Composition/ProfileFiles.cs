using AgentPki.Authority.Profiles;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The profile files of a home.</summary>
public static class ProfileFiles
{
    /// <summary>Writes the default profiles into a home that has none; what is there is the operator's.</summary>
    /// <param name="preferred">The kind of keys that goes first in a profile, by the profile's text; null: as it stands there.</param>
    public static void WriteDefaults(ApplianceHome home, Func<string, string?> preferred)
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
            PrivateFile.Write(Path.Combine(staging, file), Prefer(yaml, preferred(yaml)));
        }

        Directory.Delete(home.Profiles);
        Directory.Move(staging, home.Profiles);
    }

    /// <summary>Puts a kind of key, or of a pair, first in a profile's list of keys: what clients are asked to make, and the appliance makes for itself.</summary>
    private static string Prefer(string yaml, string? keys)
    {
        const string Keys = "\nkeys: [";
        var start = yaml.IndexOf(Keys, StringComparison.Ordinal) + Keys.Length;
        if (keys is null || start < Keys.Length)
        {
            return yaml;
        }

        var end = yaml.IndexOf(']', start);
        var listed = yaml[start..end].Split(',', StringSplitOptions.TrimEntries);
        if (listed.Length == 1)
        {
            return yaml; // a profile for one kind of key, which its label names
        }

        var others = listed.Where(k => k != keys);
        return $"{yaml[..start]}{string.Join(", ", others.Prepend(keys))}{yaml[end..]}";
    }

    /// <summary>Whether a file that was approved is a profile; policies have a folder before their names.</summary>
    public static bool IsProfile(Authority.Governance.ApprovedFile file) => !file.Name.Contains('/', StringComparison.Ordinal);

    /// <summary>The files as they lie there, by name.</summary>
    public static IReadOnlyList<(string Name, byte[] Text)> ReadAll(ApplianceHome home) =>
        Directory.Exists(home.Profiles) ? [.. Directory.EnumerateFiles(home.Profiles, "*.yaml").Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllBytes(f)))] : [];

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
