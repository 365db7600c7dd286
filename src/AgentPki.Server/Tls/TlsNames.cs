using System.Net;
using AgentPki.Server.Configuration;
using AgentPki.X509.Names;

namespace AgentPki.Server.Tls;

/// <summary>The names that the appliance's TLS certificate carries.</summary>
public static class TlsNames
{
    /// <summary>Always <c>localhost</c> and 127.0.0.1; the address listened on, if it is one address; and what is configured.</summary>
    public static IReadOnlyList<GeneralName> Of(ListenOptions listen)
    {
        var names = new List<GeneralName> { new GeneralName.Dns("localhost"), new GeneralName.Ip(IPAddress.Loopback) };
        if (!listen.Bind.Equals(IPAddress.Any) && !listen.Bind.Equals(IPAddress.IPv6Any))
        {
            names.Add(new GeneralName.Ip(listen.Bind));
        }

        names.AddRange(listen.Names.Select(n => IPAddress.TryParse(n, out var address) ? (GeneralName)new GeneralName.Ip(address) : new GeneralName.Dns(n.ToLowerInvariant())));
        return [.. names.Distinct()];
    }
}
