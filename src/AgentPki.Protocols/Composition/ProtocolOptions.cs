using AgentPki.Protocols.Est;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Ocsp;

namespace AgentPki.Protocols.Composition;

/// <summary>The settings of all protocols.</summary>
public sealed record ProtocolOptions
{
    public EstOptions Est { get; init; } = new();

    public OcspOptions Ocsp { get; init; } = new();

    public ClientIdentityOptions Clients { get; init; } = new();

    /// <summary>Shares of clients that enrol.</summary>
    public RequestRateOptions EnrollmentRates { get; init; } = new();

    /// <summary>Share of an address that asks for certificate status.</summary>
    public RequestShare StatusRate { get; init; } = new(1000, 2000);
}
