using System.Net;
using System.Net.Sockets;

namespace AgentPki.Agents.Behaviour;

/// <summary>The network that an address is in, as behaviour is remembered: 24 bits of IPv4, 48 of IPv6 (a site).</summary>
internal static class NetworkPrefix
{
    public static string Of(IPAddress? address)
    {
        if (address is null)
        {
            return "unknown";
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var octets = plain.GetAddressBytes();
        var kept = plain.AddressFamily == AddressFamily.InterNetwork ? 3 : 6;
        octets.AsSpan(kept).Clear();
        return $"{new IPAddress(octets)}/{kept * 8}";
    }
}
