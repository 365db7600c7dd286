using System.Globalization;
using AgentPki.Ledger;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>
/// Where commits are shipped to: <c>LOG/EPOCH-TIME-ID/base.apb</c> and <c>000001.aps</c>, … beside it. One folder for each time that shipping began; a later epoch's sorts behind.
/// </summary>
public sealed class ShippingFolder(string root, LogId log)
{
    public const string BaseName = "base.apb";
    public const string SegmentSuffix = ".aps";

    private readonly string _folder = Path.Combine(root, log.ToString());

    /// <summary>The newest epoch that anybody has shipped here; 0: none.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public long NewestEpoch => Generations().Select(EpochOf).DefaultIfEmpty().Max();

    /// <summary>Makes a folder for what begins now.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal string Begin(long epoch, DateTimeOffset time, string id)
    {
        var path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{epoch:D5}-{time.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}-{id}"));
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Keeps the newest <paramref name="keep"/> whole ones, and deletes those before, and those before the newest that a kill or a full disk cut off.</summary>
    internal void Prune(int keep)
    {
        var all = Generations().ToList();
        var whole = all.Where(IsWhole).ToList();
        var kept = whole.TakeLast(keep).ToHashSet(StringComparer.Ordinal);
        foreach (var old in all.TakeWhile(g => g != whole.LastOrDefault()).Where(g => !kept.Contains(g)))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    /// <summary>The newest folder whose base is whole; null: there is none.</summary>
    /// <param name="path">A shipping target, the folder of a log in it, or one of its generations.</param>
    public static string? FindNewest(string path)
    {
        if (IsWhole(path))
        {
            return path;
        }

        var below = Directory.EnumerateDirectories(path).ToList();
        var generations = below.Where(IsWhole).ToList();
        var found = generations.Count > 0 ? generations : [.. below.SelectMany(Directory.EnumerateDirectories).Where(IsWhole)];
        return found.OrderBy(Path.GetFileName, StringComparer.Ordinal).LastOrDefault();
    }

    /// <summary>The segments of a generation in their order.</summary>
    public static IReadOnlyList<string> SegmentsOf(string generation) => [.. Directory.EnumerateFiles(generation, "*" + SegmentSuffix).Order(StringComparer.Ordinal)];

    internal static string SegmentPath(string generation, int number) => Path.Combine(generation, string.Create(CultureInfo.InvariantCulture, $"{number:D6}{SegmentSuffix}"));

    private static bool IsWhole(string generation) => File.Exists(Path.Combine(generation, BaseName));

    private static long EpochOf(string generation) =>
        Path.GetFileName(generation).Split('-') is [var epoch, ..] && long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private IEnumerable<string> Generations() => Directory.Exists(_folder) ? Directory.EnumerateDirectories(_folder).Order(StringComparer.Ordinal) : [];
}
