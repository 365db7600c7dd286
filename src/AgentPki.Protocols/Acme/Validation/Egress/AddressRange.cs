using System.Net;

namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>Whether an address lies in a network, bit by bit and within one family.</summary>
/// <remarks>
/// <see cref="IPNetwork.Contains"/> of .NET 10 compares the last 32 bits of an IPv4-mapped IPv6 address with the first of an IPv6 network: it finds
/// <c>::ffff:1.1.1.1</c> in <c>2000::/3</c>.
/// </remarks>
internal static class AddressRange
{
    public static bool Covers(this IPNetwork network, IPAddress address)
    {
        if (network.BaseAddress.AddressFamily != address.AddressFamily)
        {
            return false;
        }

        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        _ = network.BaseAddress.TryWriteBytes(first, out _);
        _ = address.TryWriteBytes(second, out _);
        var whole = network.PrefixLength / 8;
        var rest = network.PrefixLength % 8;
        return first[..whole].SequenceEqual(second[..whole]) && (rest == 0 || (first[whole] ^ second[whole]) >> (8 - rest) == 0);
    }
}
