using AgentPki.Authority.Audit;
using AgentPki.Authority.Decisions;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.AuthZen;

/// <summary>What the Authorization API needs of the rest of the appliance.</summary>
public sealed record AuthZenServices
{
    public required DecisionAuthority Decisions { get; init; }

    /// <summary>Records who was not answered.</summary>
    public required Func<Refusal, CancellationToken, ValueTask> Refuse { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>The share of an address without a certificate of this appliance.</summary>
    public required RequestRates Rates { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
