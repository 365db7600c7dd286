using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Federation;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe;

/// <summary>What the Workload API needs of the rest of the appliance.</summary>
public sealed record SpiffeServices
{
    public required WorkloadAuthority Workloads { get; init; }

    public required WorkloadAttestors Attestors { get; init; }

    /// <summary>What is known of foreign trust domains.</summary>
    public ForeignBundles Foreign { get; init; } = new();

    public required SpiffeOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>The foreign trust domains that these entries name, as far as anything was heard of them, in the order of their names.</summary>
    internal IEnumerable<(string TrustDomain, BundleDocument Bundle)> FederatedWith(IEnumerable<WorkloadEntry> entries)
    {
        foreach (var domain in entries.SelectMany(e => e.Federates).Distinct().Order(StringComparer.Ordinal))
        {
            if (Foreign.Find(domain) is { } bundle)
            {
                yield return (domain, bundle);
            }
        }
    }

    public required ILogger Logger { get; init; }
}
