using System.Net;
using System.Net.Sockets;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>Addresses as names of the reverse zones (RFC 1034 §3.6, RFC 3596 §2.5).</summary>
internal static class ReverseNames
{
    public static string Of(IPAddress address)
    {
        var octets = address.GetAddressBytes();
        Array.Reverse(octets);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', octets) + ".in-addr.arpa"
            : string.Join('.', octets.Select(o => $"{o & 0x0F:x}.{o >> 4:x}")) + ".ip6.arpa";
    }
}
