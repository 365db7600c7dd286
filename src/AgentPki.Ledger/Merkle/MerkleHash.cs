using System.Runtime.InteropServices;

namespace AgentPki.Ledger.Merkle;

/// <summary>A SHA-256 value of the tree: 32 octets, a value type so that a frontier and a proof need no allocation each.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct MerkleHash
{
    /// <summary>Length in octets.</summary>
    public const int Size = 32;

    // Held as four words in memory order; only ever read and written as octets.
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>Takes 32 octets.</summary>
    /// <exception cref="ArgumentException">Not 32 octets.</exception>
    public MerkleHash(ReadOnlySpan<byte> octets)
    {
        if (octets.Length != Size)
        {
            throw new ArgumentException($"A tree hash has {Size} octets, not {octets.Length}.", nameof(octets));
        }

        var words = MemoryMarshal.Cast<byte, ulong>(octets);
        (_a, _b, _c, _d) = (words[0], words[1], words[2], words[3]);
    }

    /// <summary>Reads standard base64 (RFC 4648 §4) of 32 octets; false for any other spelling.</summary>
    public static bool TryParseBase64(string text, out MerkleHash hash)
    {
        hash = default;
        Span<byte> octets = stackalloc byte[Size + 1];
        if (text.Length != 44 || !Convert.TryFromBase64String(text, octets, out var length) || length != Size || Convert.ToBase64String(octets[..length]) != text)
        {
            return false;
        }

        hash = new MerkleHash(octets[..length]);
        return true;
    }

    /// <summary>The octets of <paramref name="hash"/>, without a copy.</summary>
    public static ReadOnlySpan<byte> AsSpan(ref readonly MerkleHash hash) => MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in hash, 1));

    public void CopyTo(Span<byte> destination) => AsSpan(in this).CopyTo(destination);

    public byte[] ToByteArray() => AsSpan(in this).ToArray();

    /// <summary>Standard base64 (RFC 4648 §4), as in a checkpoint.</summary>
    public string ToBase64() => Convert.ToBase64String(AsSpan(in this));

    public override string ToString() => Convert.ToHexStringLower(AsSpan(in this));
}
