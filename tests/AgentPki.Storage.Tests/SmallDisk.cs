using System.Diagnostics;

namespace AgentPki.Storage.Tests;

/// <summary>A file system of a few megabytes, where the machine lets us mount one; otherwise a limit on the database, which the engine meets the same way.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Size = 4 << 20;
    private const int BallastSize = 2 << 20;

    private readonly TemporaryFolder _folder = new();

    public SmallDisk()
    {
        IsMounted = Environment.UserName == "root" && Run("mount", "-t", "tmpfs", "-o", $"size={Size}", "agentpki-test", _folder.Path);
        if (IsMounted)
        {
            File.WriteAllBytes(Ballast, new byte[BallastSize]);
        }
    }

    public bool IsMounted { get; }

    public string Database => _folder.Database;

    private string Ballast => Path.Combine(_folder.Path, "ballast");

    /// <summary>Options for the disk as it is, and as it is once space was made.</summary>
    public SqliteStoreOptions Options(bool spacious = false) => new() { DatabasePath = Database, MaxDatabaseBytes = IsMounted || spacious ? null : Size - BallastSize };

    /// <summary>Makes space; false when that takes opening the store anew, with other options.</summary>
    public bool MakeSpace()
    {
        File.Delete(Ballast);
        return IsMounted;
    }

    /// <summary>Nothing can be written any more. Without a mount of our own, and so not as root, a folder without write access does the same.</summary>
    public void MakeReadOnly()
    {
        if (!IsMounted || !Run("mount", "-o", "remount,ro", _folder.Path))
        {
            File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    public void Dispose()
    {
        if (IsMounted)
        {
            Run("umount", "-l", _folder.Path);
        }

        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        _folder.Dispose();
    }

    private static bool Run(string file, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true, RedirectStandardOutput = true });
            process?.WaitForExit();
            return process?.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
