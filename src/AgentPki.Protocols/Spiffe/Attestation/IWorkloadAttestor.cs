using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>
/// Says what is true of a process: one folder here and one line in <see cref="WorkloadAttestors"/> for each. What cannot be found out is not said, and an entry that wants it does not match.
/// </summary>
public interface IWorkloadAttestor
{
    /// <summary>The first part of its selectors.</summary>
    string Type { get; }

    /// <summary>What it says: the second part of its selectors.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Those of <see cref="Names"/> that stand for a person's or a manager's decision about the process, which whoever starts it cannot make true by himself.</summary>
    IReadOnlyList<string> Binding { get; }

    /// <summary>What is true of the process now.</summary>
    /// <param name="wanted">Names that some entry asks about: what costs much is found out for those only.</param>
    ValueTask<IReadOnlyList<WorkloadSelector>> AttestAsync(WorkloadPeer peer, IReadOnlySet<string> wanted, CancellationToken cancellationToken);
}
