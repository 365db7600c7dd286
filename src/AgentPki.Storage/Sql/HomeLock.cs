using System.Globalization;
using AgentPki.Authority.Store;

namespace AgentPki.Storage.Sql;

/// <summary>
/// One process writes a database. The lock is the operating system's on a file beside it: it ends with its process, however that ends, and
/// the file may stay.
/// </summary>
internal sealed class HomeLock : IDisposable
{
    private readonly FileStream _file;

    private HomeLock(FileStream file) => _file = file;

    /// <exception cref="StoreUnavailableException">Another process holds it, or the file cannot be made.</exception>
    public static HomeLock Take(string databasePath)
    {
        var path = databasePath + ".lock";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var file = new FileStream(path, options);
            WriteHolder(path);
            return new HomeLock(file);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new StoreUnavailableException($"The lock file {path} cannot be written: give the service's user write access to its folder.", denied);
        }
        catch (DirectoryNotFoundException missing)
        {
            throw new StoreUnavailableException($"The folder of the database {databasePath} does not exist: create it, or check the configured path.", missing);
        }
        catch (IOException unwritable) when (!IsHeld(unwritable))
        {
            throw new StoreUnavailableException($"The lock file {path} cannot be written ({unwritable.Message}): give the service's user write access to its folder, and the disk space.", unwritable);
        }
        catch (IOException busy)
        {
            throw new StoreUnavailableException($"The database {databasePath} is in use by another process{ReadHolder(path)}: stop that one first, or use another home.", busy);
        }
    }

    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK from flock, on Linux and on macOS; ERROR_SHARING_VIOLATION.
    private static bool IsHeld(IOException failure) => failure.HResult is 11 or 35 or unchecked((int)0x80070020);

    // Beside the lock, because what is locked cannot be read by others. Only for the message: the lock itself decides.
    private static void WriteHolder(string path)
    {
        try
        {
            File.WriteAllText(path + ".pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full disk must not keep a reader of the records from starting.
        }
    }

    private static string ReadHolder(string path)
    {
        try
        {
            return $" (pid {File.ReadAllText(path + ".pid").Trim()})";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
