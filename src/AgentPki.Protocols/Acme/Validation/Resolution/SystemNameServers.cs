using System.Net;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>The DNS servers that this machine uses (resolv.conf(5)). There is no other default: nobody is asked whom no operator named.</summary>
internal static class SystemNameServers
{
    private const string ResolverConfiguration = "/etc/resolv.conf";

    public static IReadOnlyList<IPEndPoint> Read()
    {
        try
        {
            return Parse(File.ReadLines(ResolverConfiguration));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    internal static List<IPEndPoint> Parse(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        foreach (var line in lines)
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] == "nameserver" && IPAddress.TryParse(words[1], out var address))
            {
                servers.Add(new IPEndPoint(address, 53));
            }
        }

        return servers;
    }
}
