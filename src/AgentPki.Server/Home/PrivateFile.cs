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

    /// <summary>Whether group or others may read or write the file.</summary>
    public static bool IsOpenToOthers(string path) =>
        (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0;
}
