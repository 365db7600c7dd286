using System.Text;

namespace AgentPki.Server.Home;

/// <summary>Files that only the service's user may read, and that are whole or absent after a crash.</summary>
public static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes beside the target, syncs, and renames over it: a reader or a crash sees the old file or the new one.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly, BufferSize = 0 }))
        {
            // A leftover of an earlier crash keeps its mode: set it again.
            File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>The same, and the new name survives a power failure: what was written before is not seen again.</summary>
    /// <exception cref="IOException">It could not be made durable; the old file may be there or the new one.</exception>
    public static void WriteDurably(string path, string text)
    {
        Write(path, text);
        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
    }

    /// <summary>Makes a folder's entries durable: a file is synced by its own fsync, its name by its folder's.</summary>
    public static void SyncFolder(string folder)
    {
        var descriptor = NativeMethods.Open(folder, NativeMethods.OpenReadOnlyFlags);
        var failed = descriptor < 0 || NativeMethods.Fsync(descriptor) != 0;
        var error = System.Runtime.InteropServices.Marshal.GetLastPInvokeErrorMessage();
        if (descriptor >= 0)
        {
            _ = NativeMethods.Close(descriptor);
        }

        if (failed)
        {
            throw new IOException($"The folder {folder} cannot be synced: {error}");
        }
    }

    /// <summary>Whether group or others may read or write the file.</summary>
    public static bool IsOpenToOthers(string path) =>
        (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0;
}
