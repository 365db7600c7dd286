using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace AgentPki.Testing.Tiles;

/// <summary>
/// A reader of C2SP tlog-tiles that shares no code with the ledger: paths, hashing, heads and proofs written down from the specification and from RFC 9162 §2.1, over octets that it
/// is given for a path.
/// </summary>
/// <param name="fetch">What stands under <c>tile/…</c>.</param>
/// <param name="size">Of the tree, as a checkpoint says.</param>
public sealed class TiledLog(Func<string, Task<byte[]>> fetch, long size)
{
    private const int HashSize = 32;
    private const int TileWidth = 256;
    private readonly Dictionary<string, byte[]> _fetched = [];

    /// <summary>Which resources it has asked for.</summary>
    public IReadOnlyCollection<string> Fetched => _fetched.Keys;

    /// <summary>The leaf hashes, from every tile of level 0.</summary>
    public async Task<IReadOnlyList<byte[]>> LeafHashesAsync() => await LevelAsync(0);

    /// <summary>All hashes that tiles of a level have.</summary>
    public async Task<IReadOnlyList<byte[]>> LevelAsync(int level)
    {
        var hashes = new List<byte[]>();
        for (var index = 0L; index * TileWidth < size >> (8 * level); index++)
        {
            hashes.AddRange((await TileAsync(level, index)).Chunk(HashSize));
        }

        return hashes;
    }

    /// <summary>The entries, from every bundle.</summary>
    public async Task<IReadOnlyList<byte[]>> EntriesAsync()
    {
        var entries = new List<byte[]>();
        for (var index = 0L; index * TileWidth < size; index++)
        {
            var bundle = await GetAsync(Path("entries", index, WidthAt(0, index)));
            var before = entries.Count;
            for (var at = 0; at < bundle.Length;)
            {
                var length = BinaryPrimitives.ReadUInt16BigEndian(bundle.AsSpan(at));
                entries.Add(bundle[(at + 2)..(at + 2 + length)]);
                at += 2 + length;
            }

            Same(WidthAt(0, index), entries.Count - before, "entries in a bundle");
        }

        return entries;
    }

    /// <summary>MTH of those leaf hashes, by the recursion of RFC 9162 §2.1.1.</summary>
    public static byte[] Root(IReadOnlyList<byte[]> leaves) => Root(leaves, 0, leaves.Count);

    /// <summary>HASH(0x00 || entry).</summary>
    public static byte[] HashLeaf(byte[] entry) => SHA256.HashData([0x00, .. entry]);

    /// <summary>The head from as few tiles as have it.</summary>
    public Task<byte[]> RootAsync() => RangeAsync(0, size);

    /// <summary>RFC 9162 §2.1.3.1: PATH(index, D[0:size]).</summary>
    public async Task<IReadOnlyList<byte[]>> InclusionProofAsync(long index) => await PathAsync(index, 0, size);

    /// <summary>RFC 9162 §2.1.4.1: PROOF(first, D[0:size]).</summary>
    public async Task<IReadOnlyList<byte[]>> ConsistencyProofAsync(long first) => await SubproofAsync(first, 0, size, whole: true);

    private async Task<List<byte[]>> PathAsync(long index, long start, long end)
    {
        if (end - start == 1)
        {
            return [];
        }

        var middle = start + Split(end - start);
        return index < middle
            ? [.. await PathAsync(index, start, middle), await RangeAsync(middle, end)]
            : [.. await PathAsync(index, middle, end), await RangeAsync(start, middle)];
    }

    private async Task<List<byte[]>> SubproofAsync(long first, long start, long end, bool whole)
    {
        if (first == end)
        {
            return whole ? [] : [await RangeAsync(start, end)];
        }

        var middle = start + Split(end - start);
        return first <= middle
            ? [.. await SubproofAsync(first, start, middle, whole), await RangeAsync(middle, end)]
            : [.. await SubproofAsync(first, middle, end, whole: false), await RangeAsync(start, middle)];
    }

    /// <summary>MTH(D[start:end]); a complete subtree comes out of one tile.</summary>
    private async Task<byte[]> RangeAsync(long start, long end)
    {
        var length = end - start;
        if (!BitOperations.IsPow2(length))
        {
            var middle = start + Split(length);
            return Node(await RangeAsync(start, middle), await RangeAsync(middle, end));
        }

        var height = BitOperations.Log2((ulong)length);
        var level = height / 8;
        var first = start >> (8 * level);
        var tile = await TileAsync(level, first / TileWidth);
        var offset = (int)(first % TileWidth) * HashSize;
        return Root([.. tile[offset..(offset + (HashSize << (height % 8)))].Chunk(HashSize)]);
    }

    private async Task<byte[]> TileAsync(int level, long index)
    {
        var width = WidthAt(level, index);
        var tile = await GetAsync(Path(level.ToString(CultureInfo.InvariantCulture), index, width));
        Same(width * HashSize, tile.Length, "octets in a tile");
        return tile;
    }

    private async Task<byte[]> GetAsync(string path) => _fetched.TryGetValue(path, out var known) ? known : _fetched[path] = await fetch(path);

    private int WidthAt(int level, long index) => (int)Math.Min(TileWidth, (size >> (8 * level)) - (index * TileWidth));

    private static string Path(string kind, long index, int width)
    {
        var digits = index.ToString(CultureInfo.InvariantCulture);
        digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
        var groups = digits.Chunk(3).Select(group => new string(group)).ToList();
        var place = string.Join('/', groups.Select((group, i) => i < groups.Count - 1 ? "x" + group : group));
        return width == TileWidth ? $"{kind}/{place}" : string.Create(CultureInfo.InvariantCulture, $"{kind}/{place}.p/{width}");
    }

    private static byte[] Root(IReadOnlyList<byte[]> leaves, int start, int end)
    {
        if (end - start == 1)
        {
            return leaves[start];
        }

        var middle = start + (int)Split(end - start);
        return Node(Root(leaves, start, middle), Root(leaves, middle, end));
    }

    private static byte[] Node(byte[] left, byte[] right) => SHA256.HashData([0x01, .. left, .. right]);

    private static long Split(long length)
    {
        var split = 1L;
        while (split * 2 < length)
        {
            split *= 2;
        }

        return split;
    }

    private static void Same(int expected, int actual, string what)
    {
        if (expected != actual)
        {
            throw new InvalidDataException($"{actual} {what}, not {expected}.");
        }
    }
}
