using System.Buffers.Binary;

namespace AgentPki.Ledger.Tiles;

/// <summary>Entries as a bundle has them: each leaf's octets behind their number, 16 bits big-endian (C2SP tlog-tiles v0.1.0, "Log entries").</summary>
/// <remarks>A leaf has a commitment and no details, so a bundle may be read by everybody who may know that, when and what kind of thing was decided.</remarks>
public static class EntryBundle
{
    private const int LengthSize = sizeof(ushort);

    public static byte[] Encode(IReadOnlyList<LedgerLeaf> leaves)
    {
        const int Size = LengthSize + LedgerLeaf.EncodedSize;
        var octets = new byte[leaves.Count * Size];
        for (var i = 0; i < leaves.Count; i++)
        {
            var entry = octets.AsSpan(i * Size, Size);
            BinaryPrimitives.WriteUInt16BigEndian(entry, LedgerLeaf.EncodedSize);
            leaves[i].Encode().CopyTo(entry[LengthSize..]);
        }

        return octets;
    }

    /// <summary>The entries of a bundle of that width.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Decode(ReadOnlyMemory<byte> octets, int width)
    {
        var entries = new List<ReadOnlyMemory<byte>>(width);
        while (octets.Length >= LengthSize && BinaryPrimitives.ReadUInt16BigEndian(octets.Span) is var length && octets.Length >= LengthSize + length)
        {
            entries.Add(octets.Slice(LengthSize, length));
            octets = octets[(LengthSize + length)..];
        }

        return octets.IsEmpty && entries.Count == width ? entries : throw new InvalidDataException($"A bundle has {entries.Count} entries instead of {width}.");
    }
}
