using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace AgentPki.Ledger.Tiles;

/// <summary>Which piece of a log: <see cref="Width"/> neighbouring hashes of one level of its tree, or as many entries. What it holds never changes.</summary>
/// <remarks>
/// C2SP tlog-tiles v0.1.0, "Merkle Tree", "Partial Tiles" and "Log entries". Its text form is what stands behind <c>tile/</c> in a URL:
/// <c>1/x001/x234/067</c> is the full tile 1234067 of level 1, <c>0/000.p/112</c> the first 112 leaf hashes, <c>entries/000</c> the first 256 entries.
/// </remarks>
public sealed record LedgerTile
{
    /// <summary>Hashes of a full tile, entries of a full bundle.</summary>
    public const int FullWidth = 256;

    /// <summary>Levels of tiles that a log of 2^63 - 1 entries can have; further ones can be named (up to <see cref="HighestLevel"/>) and are always empty.</summary>
    private const int Levels = 8;

    private const int HighestLevel = 63;
    private const string Entries = "entries";
    private const string Partial = ".p/";

    // Five groups of three digits: 10^15 tiles of 256, far beyond any log, and no product of theirs overflows.
    private const int LongestIndex = 5;

    private LedgerTile(bool isEntries, int level, long index, int width) => (IsEntries, Level, Index, Width) = (isEntries, level, index, width);

    /// <summary>A tile of hashes.</summary>
    public static LedgerTile OfHashes(int level, long index, int width) => new(false, level, index, width);

    /// <summary>A bundle of entries.</summary>
    public static LedgerTile OfEntries(long index, int width) => new(true, 0, index, width);

    /// <summary>Entries, not hashes; its level is 0.</summary>
    public bool IsEntries { get; }

    /// <summary>Each hash is the head of 256^level leaves.</summary>
    public int Level { get; }

    /// <summary>Its place among the tiles of its level.</summary>
    public long Index { get; }

    /// <summary>1 to 256; less than 256 is a partial tile.</summary>
    public int Width { get; }

    /// <summary>The place of its first hash among those of its level.</summary>
    public long First => Index * FullWidth;

    /// <summary>Whether the tree of <paramref name="size"/> leaves has it: every hash in it is the head of a complete subtree there.</summary>
    public bool IsWithin(long size) => First + Width <= (Level < Levels ? size >> (8 * Level) : 0);

    /// <summary>Reads the text form; false for any other spelling of the same tile.</summary>
    public static bool TryParse([NotNullWhen(true)] string? path, [NotNullWhen(true)] out LedgerTile? tile)
    {
        tile = null;
        if (path?.Split('/', 2) is not [var kind, var place])
        {
            return false;
        }

        var (level, width) = (0, FullWidth);
        var partial = place.IndexOf(Partial, StringComparison.Ordinal);
        if ((kind != Entries && (!TryNumber(kind, out level) || level > HighestLevel))
            || (partial >= 0 && (!TryNumber(place[(partial + Partial.Length)..], out width) || width is < 1 or >= FullWidth))
            || !TryIndex(partial >= 0 ? place[..partial] : place, out var index))
        {
            return false;
        }

        tile = new LedgerTile(kind == Entries, level, index, width);
        return tile.ToString() == path;
    }

    /// <summary>The text form.</summary>
    public override string ToString()
    {
        var place = new StringBuilder((Index % 1000).ToString("d3", CultureInfo.InvariantCulture));
        for (var rest = Index / 1000; rest > 0; rest /= 1000)
        {
            place.Insert(0, string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:d3}/"));
        }

        var kind = IsEntries ? Entries : Level.ToString(CultureInfo.InvariantCulture);
        return Width == FullWidth ? $"{kind}/{place}" : string.Create(CultureInfo.InvariantCulture, $"{kind}/{place}{Partial}{Width}");
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static bool TryIndex(string text, out long index)
    {
        index = 0;
        var groups = text.Split('/', LongestIndex + 1);
        if (groups.Length > LongestIndex)
        {
            return false;
        }

        foreach (var group in groups)
        {
            if (!TryNumber(group.TrimStart('x'), out var digits) || digits > 999)
            {
                return false;
            }

            index = (index * 1000) + digits;
        }

        return true;
    }
}
