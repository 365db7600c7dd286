using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe;

/// <summary>What the Workload API needs of the rest of the appliance.</summary>
public sealed record SpiffeServices
{
    public required WorkloadAuthority Workloads { get; init; }

    public required WorkloadAttestors Attestors { get; init; }

    public required SpiffeOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
