using System.Net;
using System.Net.Sockets;
using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>Where a host's port is. Closed.</summary>
internal abstract record EgressRoute
{
    private EgressRoute()
    {
    }

    /// <summary>At least one address that passed the rules: these are connected to, and nothing is looked up again (DNS rebinding).</summary>
    public sealed record Open(IReadOnlyList<IPEndPoint> EndPoints) : EgressRoute;

    public sealed record Closed(AcmeErrorType Error, string Detail) : EgressRoute;
}

/// <summary>What became of a connection. Closed.</summary>
internal abstract record EgressConnection
{
    private EgressConnection()
    {
    }

    /// <param name="Socket">The caller's to dispose.</param>
    public sealed record Connected(Socket Socket, IPEndPoint EndPoint) : EgressConnection;

    public sealed record Failed(AcmeErrorType Error, string Detail) : EgressConnection;
}
