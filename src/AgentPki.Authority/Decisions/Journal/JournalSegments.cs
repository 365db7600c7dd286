using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>The files of a decision log: <c>00000001.jsonl</c> and so on, each going on where the one before it ends.</summary>
public static class JournalSegments
{
    /// <summary>Octets in one line.</summary>
    public const int MaximumLine = 256 * 1024;

    private const string Extension = ".jsonl";

    /// <summary>By number.</summary>
    public static IReadOnlyList<(int Number, string Path)> List(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*" + Extension)
            .Select(path => (Number: int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1, Path: path))
            .Where(s => s.Number > 0).OrderBy(s => s.Number),
    ];

    public static string PathOf(string folder, int number) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{number:00000000}{Extension}"));

    /// <summary>The lines of one file with the places where they end; a last one without an end is left out.</summary>
    public static async IAsyncEnumerable<(byte[] Line, long End)> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
        var reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 1 << 16));
        var at = 0L;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray();
                at += line.Length + 1;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                yield return (line, at);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted || buffer.Length > MaximumLine)
            {
                break;
            }
        }

        await reader.CompleteAsync();
    }
}
