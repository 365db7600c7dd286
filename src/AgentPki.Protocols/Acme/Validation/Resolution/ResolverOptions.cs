using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>Whom validation asks for names, and how patiently.</summary>
public sealed record ResolverOptions
{
    /// <summary>Recursive resolvers, in order of preference; empty: those of <c>/etc/resolv.conf</c>. They should validate DNSSEC (RFC 8555 §11.2).</summary>
    public IReadOnlyList<IPEndPoint> Servers { get; init; } = [];

    /// <summary>How long one server may take for one answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often each server is asked before the look-up counts as failed.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>How many aliases (CNAME, RFC 1034 §3.6.2) are followed.</summary>
    public int MaximumAliases { get; init; } = 8;

    /// <summary>How many records of the type asked for one answer may have.</summary>
    public int MaximumRecords { get; init; } = 100;

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public ResolverOptions Validate()
    {
        if (Servers.Any(s => s.Port == 0))
        {
            throw new ArgumentException("acme.resolver: a DNS server needs a port other than 0; the usual one is 53.");
        }

        if (Timeout <= TimeSpan.Zero || Attempts is < 1 or > 10)
        {
            throw new ArgumentException("acme.resolver: the timeout must be positive, and attempts between 1 and 10.");
        }

        return MaximumAliases is >= 0 and <= 32 && MaximumRecords is >= 1 and <= 1000
            ? this
            : throw new ArgumentException("acme.resolver: aliases must be between 0 and 32, and records between 1 and 1000.");
    }

    /// <summary>Reads <c>192.0.2.53</c>, <c>192.0.2.53:5353</c>, <c>[2001:db8::53]:5353</c> or <c>localhost:5353</c>; without a port it is 53.</summary>
    public static bool TryParseServer(string text, [NotNullWhen(true)] out IPEndPoint? server)
    {
        const string local = "localhost";
        var numeric = text == local || text.StartsWith(local + ":", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text[local.Length..] : text;
        if (!IPEndPoint.TryParse(numeric, out server))
        {
            return false;
        }

        if (server.Port == 0)
        {
            server.Port = 53;
        }

        return true;
    }
}
