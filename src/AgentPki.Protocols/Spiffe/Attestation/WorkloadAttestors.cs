using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation.Kubernetes;
using AgentPki.Protocols.Spiffe.Attestation.Systemd;
using AgentPki.Protocols.Spiffe.Attestation.Unix;

namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>All that can be said of a process. A new attestor is one line here.</summary>
public sealed class WorkloadAttestors
{
    private readonly IReadOnlyList<IWorkloadAttestor> _attestors;

    public WorkloadAttestors(params IReadOnlyList<IWorkloadAttestor> attestors) => _attestors = attestors;

    public static WorkloadAttestors All() => new(new UnixAttestor(), new SystemdAttestor(), new KubernetesAttestor());

    /// <summary>Null when an entry may ask for that; else what is wrong with it.</summary>
    public string? WhyUnknown(WorkloadSelector selector) =>
        _attestors.Any(a => a.Type == selector.Type && a.Names.Contains(selector.Name)) ? null
        : $"nothing here says '{selector.Type}:{selector.Name}' of a process; known: {string.Join(", ", _attestors.SelectMany(a => a.Names.Select(n => $"{a.Type}:{n}")))}";

    /// <summary>Whether the selectors say who decided about the process, and not only what it runs.</summary>
    public bool Bind(IEnumerable<WorkloadSelector> selectors) => selectors.Any(s => _attestors.Any(a => a.Type == s.Type && a.Binding.Contains(s.Name)));

    /// <summary>
    /// What is true of the process now; null when it has ended, or another one has its number: what was read may be about that.
    /// </summary>
    public async ValueTask<IReadOnlySet<WorkloadSelector>?> AttestAsync(WorkloadPeer peer, IEnumerable<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        var wanted = entries.SelectMany(e => e.Selectors).ToLookup(s => s.Type, s => s.Name);
        var found = new HashSet<WorkloadSelector>();
        if (!peer.IsThere)
        {
            return null;
        }

        foreach (var attestor in _attestors)
        {
            found.UnionWith(await attestor.AttestAsync(peer, wanted[attestor.Type].ToHashSet(StringComparer.Ordinal), cancellationToken));
        }

        return peer.IsThere ? found : null;
    }
}
