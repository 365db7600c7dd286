using System.Diagnostics;

namespace AgentPki.Testing.Durability;

/// <summary>
/// A power failure for one process and one folder, by <c>tests/durability/dropwrites.c</c>: <see cref="Arm"/>, start the process with
/// <see cref="EnvironmentAsync"/>, kill it, <see cref="Strike"/>. After that the folder holds what a disk would: everything flushed, nothing else.
/// </summary>
/// <param name="folder">The folder that the process writes; exists.</param>
/// <param name="mirror">Where the flushed state is kept; not inside <paramref name="folder"/>.</param>
public sealed class PowerLoss(string folder, string mirror)
{
    private const int Block = 4096;

    private static readonly Lazy<Task<string>> Shim = new(BuildAsync);

    /// <summary>Makes the mirror equal to the folder: what is there now is on the disk.</summary>
    public void Arm()
    {
        Empty(mirror);
        Copy(folder, mirror);
    }

    /// <summary>The environment variables of the process to be struck.</summary>
    public async Task<IReadOnlyDictionary<string, string>> EnvironmentAsync() => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = await Shim.Value,
        ["DROPWRITES_DIR"] = Path.GetFullPath(folder),
        ["DROPWRITES_MIRROR"] = Path.GetFullPath(mirror),
    };

    /// <summary>Takes everything unflushed away. The process must be dead.</summary>
    /// <param name="torn">
    /// When given, some unflushed blocks of flushed files stay, at random and in no order: a disk may have got to them. A store must not mind.
    /// </param>
    public void Strike(Random? torn = null)
    {
        if (torn is not null)
        {
            foreach (var flushed in Directory.EnumerateFiles(mirror, "*", SearchOption.AllDirectories))
            {
                var written = Path.Combine(folder, Path.GetRelativePath(mirror, flushed));
                if (File.Exists(written))
                {
                    KeepSome(written, flushed, torn);
                }
            }
        }

        Empty(folder);
        Copy(mirror, folder);
    }

    private static void KeepSome(string written, string flushed, Random torn)
    {
        using var from = File.OpenRead(written);
        using var to = new FileStream(flushed, FileMode.Open, FileAccess.ReadWrite);
        var (now, before) = (new byte[Block], new byte[Block]);
        for (long offset = 0; offset < from.Length; offset += Block)
        {
            from.Position = to.Position = offset;
            var length = from.ReadAtLeast(now, Block, throwOnEndOfStream: false);
            var known = to.ReadAtLeast(before, Block, throwOnEndOfStream: false);
            if (!now.AsSpan(0, length).SequenceEqual(before.AsSpan(0, known)) && torn.Next(3) == 0)
            {
                // A disk writes whole sectors of 512 octets.
                to.Position = offset;
                to.Write(now, 0, torn.Next(2) == 0 ? length : Math.Min(length, 512 * torn.Next(1, 8)));
            }
        }
    }

    private static void Empty(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } inner)
            {
                inner.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    private static void Copy(string from, string to)
    {
        // cp keeps modes, times, links and sparse files.
        using var process = Process.Start(new ProcessStartInfo("cp", ["-a", from + "/.", to])) ?? throw new InvalidOperationException("cp did not start.");
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"cp -a {from} {to} failed with {process.ExitCode}.");
        }
    }

    private static async Task<string> BuildAsync()
    {
        var script = Path.Combine(SourceFolder(), "tests", "durability", "build.sh");
        var start = new ProcessStartInfo("sh", [script, Path.Combine(AppContext.BaseDirectory, "durability")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("sh did not start.");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? (await output).Trim() : throw new InvalidOperationException($"{script} failed: {await error}");
    }

    private static string SourceFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No AgentPki.sln above {AppContext.BaseDirectory}: run the tests from the source tree.");
    }
}
