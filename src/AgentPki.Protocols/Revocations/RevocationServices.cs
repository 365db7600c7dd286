using AgentPki.Authority.Revocation.Feed;
using AgentPki.Protocols.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>What the revocation feed over HTTP needs of the rest of the appliance.</summary>
public sealed record RevocationServices
{
    public required RevocationFeed Feed { get; init; }

    public required FeedSubscribers Subscribers { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>The share of an address.</summary>
    public required RequestRates Rates { get; init; }

    public required RevocationWireOptions Options { get; init; }

    public required TimeProvider Time { get; init; }
}
