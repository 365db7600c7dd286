namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Files that are there whole or not at all. A name that the power took before its folder was written is a file that was not there: what made it is done again.</summary>
internal static class DurableFile
{
    /// <summary>What is being written is called.</summary>
    public const string ScratchExtension = ".new";

    /// <param name="mode">Null: as the process's umask says.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null)
    {
        var scratch = path + ScratchExtension;
        File.Delete(scratch);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (mode is { } wanted && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = wanted;
        }

        try
        {
            using (var file = new FileStream(scratch, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(scratch, path, overwrite: true);
        }
        catch
        {
            File.Delete(scratch);
            throw;
        }
    }
}
