using AgentPki.Authority.Delegation;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Delegation;

/// <summary>What delegation over HTTP needs of the rest of the appliance.</summary>
public sealed record DelegationServices
{
    public required DelegationService Delegations { get; init; }

    public required GrantBundles Bundles { get; init; }

    public required ClientIdentity Clients { get; init; }

    public required RequestRates Rates { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
