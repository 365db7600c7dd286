using System.Net;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Spiffe;
using AgentPki.Server.Configuration;
using AgentPki.Server.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Hosting;

/// <summary>Kestrel's listeners and limits.</summary>
public static class KestrelSetup
{
    /// <param name="tls">Null: no HTTPS, for its key cannot be used yet.</param>
    /// <param name="adminUser">The user who may connect to the admin socket, besides root.</param>
    public static void Configure(
        KestrelServerOptions kestrel, ApplianceOptions options, TlsServing? tls, uint adminUser, HostSockets sockets)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        ApplyLimits(kestrel.Limits, options.Limits);
        var connections = new ClientConnections(options.Limits.ConnectionsPerClient);

        if (tls is not null)
        {
            kestrel.Listen(new IPEndPoint(options.Listen.Bind, options.Listen.HttpsPort), listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                tls.Secure(connections.Guard(listener).MarkAs(ListenerKind.Https), options.Tls.HandshakeTimeout);
            });
        }

        kestrel.Listen(new IPEndPoint(options.Listen.Bind, options.Listen.HttpPort), listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            connections.Guard(listener).MarkAs(ListenerKind.Http);
        });
        kestrel.ListenUnixSocket(sockets.Admin, listener =>
        {
            listener.Protocols = tls is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2; // HTTP/2 where TLS chooses it
            var door = PeerCredentials.Require(listener, adminUser).MarkAs(ListenerKind.Admin);
            if (tls is not null)
            {
                AdminDoor.TakeBoth(door, tls, options);
            }
        });
        if (tls is not null && options.Listen.AdminPort is { } adminPort)
        {
            kestrel.Listen(new IPEndPoint(options.Listen.AdminBind, adminPort), listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                tls.Secure(connections.Guard(listener).MarkAs(ListenerKind.Admin), options.Tls.HandshakeTimeout);
            });
        }

        if (sockets.Workloads is not null)
        {
            kestrel.ListenUnixSocket(sockets.Workloads, listener => listener.UseWorkloads(options.Limits.ConnectionsPerClient).MarkAs(ListenerKind.Workloads));
        }

        if (sockets.Proxy is not null)
        {
            // A proxy on this machine that ended the TLS; who may connect is what the socket's folder says.
            kestrel.ListenUnixSocket(sockets.Proxy, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.MarkAs(ListenerKind.Https);
            });
        }
    }

    private static void ApplyLimits(KestrelServerLimits kestrel, LimitOptions limits)
    {
        kestrel.MaxConcurrentConnections = limits.Connections;
        kestrel.MaxRequestBodySize = limits.BodyBytes;
        kestrel.RequestHeadersTimeout = limits.HeaderTimeout;
        kestrel.KeepAliveTimeout = limits.KeepAlive;
        kestrel.MaxRequestHeaderCount = 64;
        kestrel.MaxRequestHeadersTotalSize = 32 * 1024; // a proxy's Client-Cert (RFC 9440) of a post-quantum certificate is 8 to 25 kB
        kestrel.MaxRequestLineSize = 8 * 1024; // an OCSP GET carries its request in the path
        kestrel.Http2.MaxStreamsPerConnection = 64;
        var slowest = limits.MinimumBytesPerSecond == 0 ? null : new MinDataRate(limits.MinimumBytesPerSecond, TimeSpan.FromSeconds(5));
        kestrel.MinRequestBodyDataRate = slowest;
        kestrel.MinResponseDataRate = slowest;
    }
}
