namespace AgentPki.Pkcs11.Administration;

/// <summary>The folder in which a software token lives: made from the description's <c>home:</c> section, readable by its owner alone.</summary>
public static class TokenHome
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folders that are missing, and writes the configuration files that are missing or belong to another place.</summary>
    /// <returns>The module's environment for this home, for <see cref="Pkcs11Options.Environment"/>.</returns>
    public static IReadOnlyDictionary<string, string> Prepare(TokenDescription token, string home)
    {
        CreateFolder(home);
        foreach (var folder in token.HomeFolders)
        {
            CreateFolder(Path.Combine(home, folder));
        }

        foreach (var (name, content) in token.HomeFiles)
        {
            var path = Path.Combine(home, name);
            var wanted = content.Replace("{home}", Path.GetFullPath(home), StringComparison.Ordinal);
            if (!File.Exists(path) || File.ReadAllText(path) != wanted)
            {
                File.WriteAllText(path, wanted);
            }
        }

        return token.EnvironmentFor(home);
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
    }
}
