using System.Globalization;
using System.Text;
using AgentPki.Server.Cli;
using Microsoft.Win32.SafeHandles;

namespace AgentPki.Server.Home;

/// <summary>One process at a time works on a home. The kernel drops the lock with the process, however it ends.</summary>
public sealed class HomeLock : IDisposable
{
    private readonly FileStream _file;

    private HomeLock(FileStream file) => _file = file;

    /// <exception cref="CommandException">Another process works on this home.</exception>
    public static HomeLock Take(ApplianceHome home)
    {
        try
        {
            var file = new FileStream(home.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new HomeLock(file);
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"Another agentpki{Holder(home)} is running on the home {home.Root}.",
                $"Stop that one first, or name another home with {CommandContext.HomeVariable}=FOLDER (and other ports).",
                error);
        }
    }

    /// <summary>Whether some process holds the lock now.</summary>
    public static bool IsTaken(ApplianceHome home)
    {
        try
        {
            // FileShare.None is an advisory lock of the whole file, taken and dropped at once.
            using var file = new FileStream(home.LockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(ApplianceHome home)
    {
        // Opened by libc: every FileStream would want at least a shared lock.
        var descriptor = NativeMethods.Open(home.LockFile, NativeMethods.OpenReadOnlyFlags);
        if (descriptor < 0)
        {
            return "";
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Span<byte> content = stackalloc byte[16];
        var text = Encoding.ASCII.GetString(content[..RandomAccess.Read(handle, content, 0)]);
        return int.TryParse(text, CultureInfo.InvariantCulture, out var id) ? $" (process {id})" : "";
    }
}
