using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AgentPki.X509.AgentPolicies;

/// <summary>An address prefix (RFC 4632 §3.1, RFC 4291 §2.3): <c>10.20.0.0/16</c>, <c>2001:db8::/32</c>. Its bits beyond the prefix are zero.</summary>
public readonly record struct Network : IComparable<Network>
{
    private readonly UInt128 _address;

    private Network(bool isVersion6, UInt128 address, int prefix) => (IsVersion6, _address, Prefix) = (isVersion6, address, prefix);

    public bool IsVersion6 { get; }

    /// <summary>Bits that count: up to 32 or 128.</summary>
    public int Prefix { get; }

    private int Bits => IsVersion6 ? 128 : 32;

    /// <exception cref="FormatException">Not a network.</exception>
    public static Network Parse(string text) => TryParse(text, out var network, out var error) ? network : throw new FormatException(error);

    /// <summary>Reads <c>address/prefix</c>, or an address alone.</summary>
    public static bool TryParse(string? text, out Network network, [NotNullWhen(false)] out string? error)
    {
        network = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        var prefix = 0;
        if (text is null || !IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address) || address.ToString().Contains('%', StringComparison.Ordinal)
            || (slash >= 0 && !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)))
        {
            error = "a network is written address/prefix, for example 10.20.0.0/16 or 2001:db8::/32";
            return false;
        }

        var octets = address.GetAddressBytes();
        return TryCreate(octets, slash < 0 ? octets.Length * 8 : prefix, out network, out error);
    }

    /// <param name="address">4 or 16 octets, in network order.</param>
    public static bool TryCreate(ReadOnlySpan<byte> address, int prefix, out Network network, [NotNullWhen(false)] out string? error)
    {
        network = default;
        error = null;
        if (address.Length is not (4 or 16) || prefix < 0 || prefix > address.Length * 8)
        {
            error = "a network is an address of 4 or 16 octets and a prefix no longer than it";
            return false;
        }

        var value = address.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(address) : BinaryPrimitives.ReadUInt128BigEndian(address);
        var read = new Network(address.Length == 16, value, prefix);
        if (value != (value & read.Mask()))
        {
            error = "a network's bits beyond its prefix are zero";
        }
        else if (read.IsVersion6 && prefix > 80 && value >> 32 == 0xFFFF)
        {
            // RFC 4291 §2.5.5.2: the same hosts would have two names.
            error = "write an IPv4 network as such, not mapped into IPv6";
        }

        network = error is null ? read : default;
        return error is null;
    }

    public bool Contains(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var isVersion6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        if (isVersion6 != IsVersion6)
        {
            return false;
        }

        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out var written);
        var value = written == 4 ? BinaryPrimitives.ReadUInt32BigEndian(octets) : BinaryPrimitives.ReadUInt128BigEndian(octets);
        return (value & Mask()) == _address;
    }

    public bool Contains(Network inner) => IsVersion6 == inner.IsVersion6 && Prefix <= inner.Prefix && (inner._address & Mask()) == _address;

    /// <summary>The network that this and another make together, if they are its two halves.</summary>
    internal bool TryJoin(Network other, out Network whole)
    {
        whole = Prefix == 0 ? this : new Network(IsVersion6, _address & new Network(IsVersion6, 0, Prefix - 1).Mask(), Prefix - 1);
        return Prefix > 0 && Prefix == other.Prefix && this != other && whole.Contains(other);
    }

    /// <summary>4 or 16 octets.</summary>
    public byte[] ToOctets()
    {
        var octets = new byte[Bits / 8];
        if (IsVersion6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(octets, _address);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(octets, (uint)_address);
        }

        return octets;
    }

    public int CompareTo(Network other) =>
        IsVersion6 != other.IsVersion6 ? IsVersion6.CompareTo(other.IsVersion6) : _address != other._address ? _address.CompareTo(other._address) : Prefix.CompareTo(other.Prefix);

    public override string ToString() => $"{new IPAddress(ToOctets())}/{Prefix}";

    public static bool operator <(Network left, Network right) => left.CompareTo(right) < 0;

    public static bool operator >(Network left, Network right) => left.CompareTo(right) > 0;

    public static bool operator <=(Network left, Network right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Network left, Network right) => left.CompareTo(right) >= 0;

    private UInt128 Mask() => Prefix == 0 ? UInt128.Zero : UInt128.MaxValue << (Bits - Prefix) & (IsVersion6 ? UInt128.MaxValue : uint.MaxValue);
}
