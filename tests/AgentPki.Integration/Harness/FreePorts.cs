using System.Net;
using System.Net.Sockets;

namespace AgentPki.Integration.Harness;

/// <summary>Finds loopback ports that nobody listens on.</summary>
internal static class FreePorts
{
    private static readonly HashSet<int> Given = [];

    /// <summary>Two free ports, never given to anybody else in this process.</summary>
    public static (int First, int Second) Pair()
    {
        lock (Given)
        {
            return (Next(), Next());
        }
    }

    private static int Next()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (Given.Add(port))
            {
                return port;
            }
        }
    }
}
