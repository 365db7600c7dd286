using AgentPki.Server.Cli;

namespace AgentPki.Server.Home;

/// <summary>Makes the home's folders, and refuses a home that is somebody else's or cannot be written.</summary>
public static class HomeFolder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>From here on every file this process makes is its user's alone.</summary>
    public static void CloseToOthers() => _ = NativeMethods.SetFileModeMask(0x3F); // 0077

    /// <summary>Makes what is missing of the home's folders; what is there stays.</summary>
    /// <exception cref="CommandException">The home belongs to another user or cannot be written.</exception>
    public static void Prepare(ApplianceHome home)
    {
        try
        {
            Directory.CreateDirectory(home.Root, Private);
            RequireOwner(home);
            File.SetUnixFileMode(home.Root, Private);
            foreach (var folder in Folders(home))
            {
                Directory.CreateDirectory(folder, Private);
            }
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"The home folder {home.Root} cannot be written: {error.Message}",
                $"Make it writable for this user, or name another with {CommandContext.HomeVariable}=FOLDER.",
                error);
        }
    }

    /// <summary>Refuses to work in a home that belongs to another user: files made here would lock that user out.</summary>
    public static void RequireOwner(ApplianceHome home)
    {
        var self = NativeMethods.EffectiveUser();
        if (OwnerOf(home.Root) is { } owner && owner != self)
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"The home folder {home.Root} belongs to another user (uid {owner}; this is uid {self}).",
                $"Run the command as that user, or name another home with {CommandContext.HomeVariable}=FOLDER.");
        }
    }

    /// <summary>The user id of a file's owner, or null when it cannot be read.</summary>
    public static uint? OwnerOf(string path) =>
        NativeMethods.Statx(NativeMethods.CurrentFolder, path, 0, NativeMethods.WantOwner, out var result) == 0 ? result.Owner : null;

    private static string[] Folders(ApplianceHome home) =>
    [
        home.Profiles, home.TokenStore,
        .. new[] { home.Database, home.Checkpoints, home.UserPin, home.RootCertificate, home.TlsKey, home.DevelopmentToken, home.LogFile, home.WorkloadEntries }.Select(FolderOf),
    ];

    private static string FolderOf(string file) => Path.GetDirectoryName(file) ?? throw new ArgumentException("A file of the home lies in no folder.", nameof(file));
}
