using System.Net;
using System.Net.Sockets;

namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>
/// Which addresses validation connects to: global unicast ones, and what the operator named. The tables are IANA's special-purpose registries
/// (RFC 6890, RFC 8190) and the well-known addresses of cloud metadata services, where credentials are had for the asking.
/// </summary>
internal sealed class AddressRules(EgressOptions options)
{
    private static readonly (IPNetwork Network, string Kind)[] Metadata =
    [
        (IPNetwork.Parse("169.254.169.254/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("169.254.170.2/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("169.254.170.23/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("100.100.100.200/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("168.63.129.16/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("192.0.0.192/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("fd00:ec2::/32"), "a cloud's metadata service"),
        (IPNetwork.Parse("fd20:ce::254/128"), "a cloud's metadata service"),
        (IPNetwork.Parse("fd00:42::42/128"), "a cloud's metadata service"),
    ];

    // The first that contains the address names it.
    private static readonly (IPNetwork Network, string Kind)[] Special =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "an address of \"this network\""),
        (IPNetwork.Parse("10.0.0.0/8"), "a private address"),
        (IPNetwork.Parse("100.64.0.0/10"), "an address of a carrier's shared space"),
        (IPNetwork.Parse("127.0.0.0/8"), "a loopback address"),
        (IPNetwork.Parse("169.254.0.0/16"), "a link-local address"),
        (IPNetwork.Parse("172.16.0.0/12"), "a private address"),
        (IPNetwork.Parse("192.0.0.0/24"), "an address reserved for protocols"),
        (IPNetwork.Parse("192.0.2.0/24"), "an address for documentation"),
        (IPNetwork.Parse("192.88.99.0/24"), "a 6to4 relay"),
        (IPNetwork.Parse("192.168.0.0/16"), "a private address"),
        (IPNetwork.Parse("198.18.0.0/15"), "an address for benchmarks"),
        (IPNetwork.Parse("198.51.100.0/24"), "an address for documentation"),
        (IPNetwork.Parse("203.0.113.0/24"), "an address for documentation"),
        (IPNetwork.Parse("224.0.0.0/4"), "a multicast address"),
        (IPNetwork.Parse("240.0.0.0/4"), "a reserved address"),
        (IPNetwork.Parse("::/128"), "the unspecified address"),
        (IPNetwork.Parse("::1/128"), "a loopback address"),
        (IPNetwork.Parse("::ffff:0:0/96"), "an IPv4 address in an IPv6 form"),
        (IPNetwork.Parse("::/96"), "an IPv4 address in an IPv6 form"),
        (IPNetwork.Parse("64:ff9b:1::/48"), "an address of a local translator (NAT64)"),
        (IPNetwork.Parse("2001::/32"), "a Teredo address"),
        (IPNetwork.Parse("2001::/23"), "an address reserved for protocols"),
        (IPNetwork.Parse("2001:db8::/32"), "an address for documentation"),
        (IPNetwork.Parse("2002::/16"), "a 6to4 address"),
        (IPNetwork.Parse("3fff::/20"), "an address for documentation"),
        (IPNetwork.Parse("fc00::/7"), "a unique local address"),
        (IPNetwork.Parse("fe80::/10"), "a link-local address"),
        (IPNetwork.Parse("fec0::/10"), "a site-local address"),
        (IPNetwork.Parse("ff00::/8"), "a multicast address"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Null when validation may connect to the address; else what it is.</summary>
    public string? Check(IPAddress address)
    {
        if (options.Refused.Any(n => n.Covers(address)))
        {
            return "an address that this appliance's configuration refuses";
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0)
        {
            return "an address with a zone";
        }

        // RFC 6052 §2.1: what a DNS64 resolver makes of an IPv4 address is judged as that.
        if (Nat64.Covers(address) && Check(new IPAddress(address.GetAddressBytes().AsSpan(12))) is { } embedded)
        {
            return $"{embedded} behind a translator (NAT64)";
        }

        foreach (var (network, kind) in Metadata)
        {
            if (network.Covers(address))
            {
                return options.Allowed.Any(n => n.BaseAddress.Equals(address) && n.PrefixLength == Bits(address)) ? null : kind;
            }
        }

        if (options.Allowed.Any(n => n.Covers(address)) || Nat64.Covers(address))
        {
            return null;
        }

        foreach (var (network, kind) in Special)
        {
            if (network.Covers(address))
            {
                return kind;
            }
        }

        return address.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Covers(address) ? null : "no global unicast address";
    }

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
}
