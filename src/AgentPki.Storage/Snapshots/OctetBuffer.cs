using System.Buffers.Binary;

namespace AgentPki.Storage.Snapshots;

/// <summary>How a value is encoded: one octet, and what follows it. Part of the format of backups: never reuse a number.</summary>
internal enum ValueCode : byte
{
    Null = 0,

    /// <summary>Zigzag, seven bits an octet, the lowest first.</summary>
    Integer = 1,

    /// <summary>IEEE 754, eight octets, the highest first.</summary>
    Real = 2,

    /// <summary>Length, UTF-8.</summary>
    Text = 3,

    /// <summary>Length, octets.</summary>
    Blob = 4,
}

/// <summary>A buffer that grows and is used again: no allocation once it is as large as what it holds.</summary>
internal sealed class OctetBuffer(int capacity)
{
    private byte[] _octets = new byte[capacity];

    /// <summary>Octets in it; set it back to forget the last ones.</summary>
    public int Length { get; set; }

    public ReadOnlySpan<byte> Written => _octets.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _octets.AsMemory(0, Length);

    public void AddByte(byte value) => Reserve(1)[0] = value;

    public void Add(ReadOnlySpan<byte> octets) => octets.CopyTo(Reserve(octets.Length));

    /// <summary>Seven bits an octet, the lowest first.</summary>
    public void AddNumber(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            AddByte((byte)(value | 0x80));
        }

        AddByte((byte)value);
    }

    public void AddInteger(long value)
    {
        AddByte((byte)ValueCode.Integer);
        AddNumber((ulong)((value << 1) ^ (value >> 63)));
    }

    public void AddReal(double value)
    {
        AddByte((byte)ValueCode.Real);
        BinaryPrimitives.WriteDoubleBigEndian(Reserve(sizeof(double)), value);
    }

    public void AddOctets(ValueCode code, ReadOnlySpan<byte> octets)
    {
        AddByte((byte)code);
        AddNumber((ulong)octets.Length);
        Add(octets);
    }

    /// <summary>Length and UTF-8.</summary>
    public void AddText(string text)
    {
        var length = System.Text.Encoding.UTF8.GetByteCount(text);
        AddNumber((ulong)length);
        System.Text.Encoding.UTF8.GetBytes(text, Reserve(length));
    }

    /// <summary>Room at the end, which counts as written.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_octets.Length - Length < count)
        {
            Array.Resize(ref _octets, Math.Max(_octets.Length * 2, Length + count));
        }

        var room = _octets.AsSpan(Length, count);
        Length += count;
        return room;
    }
}
