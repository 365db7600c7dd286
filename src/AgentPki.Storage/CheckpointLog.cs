using System.Text;
using AgentPki.Ledger.Notes;

namespace AgentPki.Storage;

/// <summary>The file of checkpoints outside of the database (<see cref="CheckpointFile"/>): only ever appended to, flushed each time.</summary>
internal static class CheckpointLog
{
    /// <summary>More than any checkpoint has here (the log's first signature and no other line): the end of the file is enough to find the last one.</summary>
    private const int TailSize = 1 << 16;

    /// <summary>The last whole checkpoint of the file; null when there is none.</summary>
    public static SignedCheckpoint? Last(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var (tail, _) = ReadTail(file);
        var end = EndOfLastNote(tail);
        if (end == 0)
        {
            return null;
        }

        var begin = EndOfLastNote(tail.AsSpan(0, end - 1));
        return SignedCheckpoint.TryParse(Encoding.UTF8.GetString(tail.AsSpan(begin, end - 1 - begin)), out var last, out _) ? last : null;
    }

    /// <summary>Appends one, durably. A half one that a crash left at the end is cut off first.</summary>
    public static void Append(string path, SignedCheckpoint checkpoint)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var (tail, start) = ReadTail(file);
        file.SetLength(start + EndOfLastNote(tail));
        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes(CheckpointFile.Format(checkpoint)));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes the file anew without some of its notes, and puts it in the old one's place: a crash leaves one of both. What cannot be read stays.</summary>
    public static void Shorten(string path, Predicate<Checkpoint> keep)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var notes = CheckpointFile.Split(File.ReadAllText(path));
        var kept = notes.Where((note, i) => i == notes.Length - 1 || !SignedCheckpoint.TryParse(note, out var checkpoint, out _) || keep(checkpoint.Checkpoint)).ToList();
        if (kept.Count == notes.Length)
        {
            return;
        }

        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Select(note => note + "\n"))));
            file.Flush(flushToDisk: true);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(path));
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static (byte[] Tail, long Start) ReadTail(FileStream file)
    {
        var start = Math.Max(0, file.Length - TailSize);
        file.Seek(start, SeekOrigin.Begin);
        var tail = new byte[file.Length - start];
        file.ReadExactly(tail);
        return (tail, start);
    }

    /// <summary>Where the last whole note and its empty line end: after an empty line that follows a signature line. 0 without one.</summary>
    private static int EndOfLastNote(ReadOnlySpan<byte> content)
    {
        var before = content;
        while (before.LastIndexOf("\n\n"u8) is var empty and >= 0)
        {
            var line = before[(before[..empty].LastIndexOf((byte)'\n') + 1)..empty];
            if (line.StartsWith("\u2014 "u8))
            {
                return empty + 2;
            }

            before = before[..(empty + 1)];
        }

        return 0;
    }
}
