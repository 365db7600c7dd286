using System.Buffers.Binary;

namespace AgentPki.Cryptography.Providers.Pinned.SlhDsa;

/// <summary>The types of FIPS 205 §4.2.</summary>
internal enum AddressType
{
    WotsHash = 0,
    WotsPublicKey = 1,
    Tree = 2,
    ForsTree = 3,
    ForsRoots = 4,
    WotsPrf = 5,
    ForsPrf = 6,
}

/// <summary>ADRS of FIPS 205 §4.2: 32 octets that make each use of a hash function a different one.</summary>
internal readonly ref struct Address(Span<byte> octets)
{
    private readonly Span<byte> _octets = octets;

    public const int Size = 32;

    public ReadOnlySpan<byte> Octets => _octets;

    /// <summary>FIPS 205 §11.2: ADRSc, the 22 _octets that the SHA-2 sets hash.</summary>
    public void Compress(Span<byte> target)
    {
        target[0] = _octets[3];
        _octets[8..16].CopyTo(target[1..]);
        target[9] = _octets[19];
        _octets[20..32].CopyTo(target[10..]);
    }

    public void SetLayer(int layer) => BinaryPrimitives.WriteInt32BigEndian(_octets, layer);

    public void SetTree(ulong tree) => BinaryPrimitives.WriteUInt64BigEndian(_octets[8..], tree);

    /// <summary>setTypeAndClear(Y), then setKeyPairAddress(i).</summary>
    public void SetType(AddressType type, int keyPair)
    {
        BinaryPrimitives.WriteInt32BigEndian(_octets[16..], (int)type);
        BinaryPrimitives.WriteInt32BigEndian(_octets[20..], keyPair);
        _octets[24..].Clear();
    }

    /// <summary>setChainAddress(i), or setTreeHeight(i): the same four _octets.</summary>
    public void SetChainOrHeight(int value) => BinaryPrimitives.WriteInt32BigEndian(_octets[24..], value);

    /// <summary>setHashAddress(i), or setTreeIndex(i): the same four _octets.</summary>
    public void SetHashOrIndex(int value) => BinaryPrimitives.WriteInt32BigEndian(_octets[28..], value);

    public void CopyFrom(Address other) => other.Octets.CopyTo(_octets);
}
