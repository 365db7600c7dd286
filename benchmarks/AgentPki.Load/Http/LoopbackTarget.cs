using System.Net;
using System.Net.Sockets;

namespace AgentPki.Load.Http;

/// <summary>Where the load goes: one loopback address, resolved once. Any other address is refused: this is no tool to aim at others.</summary>
internal sealed record LoopbackTarget(bool Tls, string Host, IPEndPoint EndPoint, string PathAndQuery)
{
    /// <exception cref="LoadException">Not an http(s) URL, or not an address of this machine's loopback.</exception>
    internal static LoopbackTarget Parse(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new LoadException($"'{url}' is not an http or https URL.");
        IPAddress[] addresses = Resolve(uri.DnsSafeHost);
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, IPAddress.IsLoopback))
            throw new LoadException($"'{uri.DnsSafeHost}' is not a loopback address; the load generator talks only to its own machine.");
        IPAddress address = Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        return new LoopbackTarget(uri.Scheme == "https", uri.DnsSafeHost, new IPEndPoint(address, uri.Port), uri.PathAndQuery);
    }

    internal LoopbackTarget WithPath(string path) => this with { PathAndQuery = path };

    private static IPAddress[] Resolve(string host)
    {
        try
        {
            return IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new LoadException($"'{host}' does not resolve: {e.Message}.");
        }
    }
}
