using System.Net;

namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>
/// Where validation may connect to (RFC 8555 §10.4: a validating server can be made to send requests anywhere). Without a word of the operator:
/// addresses of the public Internet, ports 80 and 443.
/// </summary>
public sealed record EgressOptions
{
    /// <summary>
    /// Networks that are allowed though they are not public: an appliance for an internal network names its own here. The metadata services of clouds stay
    /// refused unless one is named as a single address.
    /// </summary>
    public IReadOnlyList<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Networks that are refused in any case; they win over <see cref="Allowed"/>.</summary>
    public IReadOnlyList<IPNetwork> Refused { get; init; } = [];

    /// <summary>Ports that a redirect may lead to.</summary>
    public IReadOnlyList<int> RedirectPorts { get; init; } = [80, 443];

    /// <summary>How many redirects http-01 follows.</summary>
    public int MaximumRedirects { get; init; } = 5;

    /// <summary>How many of a name's addresses are tried.</summary>
    public int MaximumAddresses { get; init; } = 4;

    /// <summary>How long one address may take to accept a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long one validation may take, all look-ups, connections and redirects included.</summary>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many octets of a body are read; a key authorization has about 90.</summary>
    public int BodyOctets { get; init; } = 1024;

    /// <summary>How many KiB of response headers are read.</summary>
    public int HeaderKibibytes { get; init; } = 16;

    /// <summary>Set in development only.</summary>
    public DevelopmentTargets? Development { get; init; }

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public EgressOptions Validate()
    {
        if (RedirectPorts.Any(p => p is < 1 or > 65535))
        {
            throw new ArgumentException("acme.validation: ports are numbers between 1 and 65535.");
        }

        if (MaximumRedirects is < 0 or > 20 || MaximumAddresses is < 1 or > 16)
        {
            throw new ArgumentException("acme.validation: redirects must be between 0 and 20, addresses between 1 and 16.");
        }

        if (ConnectTimeout <= TimeSpan.Zero || TotalTimeout < ConnectTimeout || TotalTimeout > TimeSpan.FromMinutes(2))
        {
            throw new ArgumentException("acme.validation: the connect timeout must be positive, the total one at least as long and at most two minutes.");
        }

        if (BodyOctets is < 256 or > 65536 || HeaderKibibytes is < 1 or > 64)
        {
            throw new ArgumentException("acme.validation: between 256 and 65536 octets of body and between 1 and 64 KiB of headers can be read.");
        }

        _ = Development?.Validate();
        return this;
    }
}

/// <summary>
/// Development only: names under <c>.test</c> (RFC 6761 §6.2: no such name exists outside) are this machine, and its ports 80 and 443 are others that
/// need no privileges. Addresses of the loopback network, as identifiers or in redirects, get the same ports. No other port of this machine is reachable.
/// </summary>
public sealed record DevelopmentTargets
{
    private const string TestDomain = "test";

    /// <summary>In place of port 80.</summary>
    public int Http01Port { get; init; } = 80;

    /// <summary>In place of port 443.</summary>
    public int TlsAlpnPort { get; init; } = 443;

    /// <summary>Whether a host is this machine.</summary>
    internal static bool Covers(string host) =>
        IPAddress.TryParse(host, out var address)
            ? IPAddress.IsLoopback(address)
            : host.Equals(TestDomain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + TestDomain, StringComparison.OrdinalIgnoreCase);

    /// <summary>Where a port of this machine really is; null for all that no challenge needs.</summary>
    internal int? PortFor(int port) => port == 80 || port == Http01Port ? Http01Port : port == 443 || port == TlsAlpnPort ? TlsAlpnPort : null;

    internal DevelopmentTargets Validate() => Http01Port is >= 1 and <= 65535 && TlsAlpnPort is >= 1 and <= 65535
        ? this
        : throw new ArgumentException("AGENTPKI_ACME_HTTP01_PORT and AGENTPKI_ACME_TLSALPN_PORT must be ports between 1 and 65535.");
}
