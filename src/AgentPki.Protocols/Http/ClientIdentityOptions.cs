using System.Net;

namespace AgentPki.Protocols.Http;

/// <summary>Which peers end TLS for the clients behind them and may say, in RFC 9440's <c>Client-Cert</c>, whose certificate they verified.</summary>
public sealed record ClientIdentityOptions
{
    /// <summary>Addresses of trusted proxies; empty: none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Whether whoever connects by a Unix socket is a trusted proxy. The socket's file permissions are then what protects it.</summary>
    public bool TrustUnixSocket { get; init; }
}
