namespace AgentPki.Protocols.Spiffe.Attestation.Unix;

/// <summary>The program that a process runs.</summary>
internal static class ExecutableFile
{
    /// <summary>
    /// Its path, when the file of that path here is the very file that runs: a container has files of its own under the same paths, and one that was replaced or deleted runs on.
    /// Null otherwise, and where this process may not look.
    /// </summary>
    public static string? PathOf(string processFolder)
    {
        var link = $"{processFolder}/exe";
        try
        {
            return new FileInfo(link).LinkTarget is { } path && path.StartsWith('/') && Identify(link) is { } running && running == Identify(path) ? path : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Which file it is, and its state; null when it cannot be looked at.</summary>
    public static FileIdentity? Identify(string path) => NativeMethods.Statx(NativeMethods.CurrentFolder, path, 0, NativeMethods.BasicStats, out var found) == 0
        ? new FileIdentity(found.DeviceMajor, found.DeviceMinor, found.Inode, found.Length, found.ChangedSeconds, found.ChangedNanoseconds)
        : null;
}

/// <summary>A file, and its octets as of its last change: who writes to a file cannot set back the time of its change (inode(7) ctime).</summary>
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode, ulong Length, long ChangedSeconds, uint ChangedNanoseconds);
