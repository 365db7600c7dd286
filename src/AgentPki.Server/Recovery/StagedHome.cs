using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>
/// A home in the making, in a folder inside the one that it will be. Nothing serves it before its configuration has come to its place, which is the last thing that does: a
/// restore that is cut off anywhere leaves what the next one clears away.
/// </summary>
internal sealed class StagedHome : IDisposable
{
    private const string Staging = ".restoring";
    private readonly ApplianceHome _target;
    private bool _isDone;

    private StagedHome(ApplianceHome target) => (_target, Home) = (target, new ApplianceHome(Path.Combine(target.Root, Staging)));

    /// <summary>Where it is made.</summary>
    public ApplianceHome Home { get; }

    /// <summary>Whether a restore may be made there: nothing is there, or what one that was cut off has left.</summary>
    /// <exception cref="CommandException">There is something else.</exception>
    public static void RequireEmpty(ApplianceHome target)
    {
        if (target.Exists && Directory.Exists(Path.Combine(target.Root, Staging)))
        {
            throw new CommandException(
                ExitCodes.Usage,
                $"{target.Root} holds a whole restored home already: the restore was cut off after its last step, before it could say so.",
                $"Serve it. To restore again instead, delete {target.Root} first.");
        }

        if (File.Exists(target.Root) || (Directory.Exists(target.Root) && Directory.EnumerateFileSystemEntries(target.Root).Any() && !IsCutOff(target)))
        {
            throw new CommandException(ExitCodes.Usage, $"{target.Root} is not empty: a restore makes a new home, and writes over nothing.", "Name a folder that is empty or not there with --home.");
        }
    }

    /// <exception cref="CommandException">The folder cannot be made, or is not empty.</exception>
    public static StagedHome Create(ApplianceHome target)
    {
        RequireEmpty(target);
        try
        {
            if (Directory.Exists(target.Root))
            {
                Clear(target.Root);
            }

            var staged = new StagedHome(target);
            Directory.CreateDirectory(staged.Home.Root);
            File.SetUnixFileMode(target.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return staged;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Environment, $"The home {target.Root} cannot be made: {error.Message}", "Make its parent folder writable for this user.", error);
        }
    }

    /// <summary>Writes one file of it.</summary>
    public async Task WriteAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Home.Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? Home.Root);
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await content.CopyToAsync(file, cancellationToken);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
    }

    /// <summary>Brings everything to its place, the configuration last.</summary>
    public void Complete()
    {
        var configuration = Path.GetFileName(_target.ConfigurationFile);
        foreach (var entry in Directory.EnumerateFileSystemEntries(Home.Root).ToList())
        {
            if (Path.GetFileName(entry) is var name && name != configuration)
            {
                Directory.Move(entry, Path.Combine(_target.Root, name)); // files too
            }
        }

        File.Move(Home.ConfigurationFile, _target.ConfigurationFile);
        Directory.Delete(Home.Root);
        _isDone = true;
    }

    /// <summary>Takes away what was not completed.</summary>
    public void Dispose()
    {
        if (!_isDone)
        {
            Clear(_target.Root);
        }
    }

    private static bool IsCutOff(ApplianceHome target) => Directory.Exists(Path.Combine(target.Root, Staging)) && !target.Exists;

    private static void Clear(string root)
    {
        // The mark last: cut off here too, it is still known for what it is.
        foreach (var entry in Directory.EnumerateFileSystemEntries(root).OrderBy(e => Path.GetFileName(e) == Staging).ToList())
        {
            if (File.GetAttributes(entry).HasFlag(FileAttributes.Directory))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }
    }
}
