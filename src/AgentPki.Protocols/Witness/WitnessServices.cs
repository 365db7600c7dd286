using AgentPki.Ledger.Witnessing;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Witness;

/// <summary>What a witness over HTTP needs.</summary>
public sealed record WitnessServices
{
    public required Ledger.Witnessing.Witness Witness { get; init; }

    public required IWitnessState State { get; init; }

    /// <summary>The share of an address.</summary>
    public required RequestRates Rates { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>Told of every answer to a submission, for metrics.</summary>
    public Action<WitnessAnswer>? Answered { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
