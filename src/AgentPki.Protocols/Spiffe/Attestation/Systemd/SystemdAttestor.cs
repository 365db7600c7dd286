using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe.Attestation.Systemd;

/// <summary>The unit that systemd runs a process in, from its control group: only the manager moves processes there (systemd.unit(5), systemd.slice(5)).</summary>
public sealed class SystemdAttestor : IWorkloadAttestor
{
    private const string Unit = "unit";

    public string Type => "systemd";

    public IReadOnlyList<string> Names { get; } = [Unit];

    public IReadOnlyList<string> Binding => Names;

    public ValueTask<IReadOnlyList<WorkloadSelector>> AttestAsync(WorkloadPeer peer, IReadOnlySet<string> wanted, CancellationToken cancellationToken) =>
        new(ControlGroups.Of(peer.Folder) is { } group && UnitOf(group) is { } unit ? [new WorkloadSelector(Type, Unit, unit)] : []);

    // The first part that is no slice is the system manager's unit. What comes below it may be whatever the unit was left to make (a user's own manager: user@1000.service).
    internal static string? UnitOf(IReadOnlyList<string> group) =>
        group.FirstOrDefault(part => !part.EndsWith(".slice", StringComparison.Ordinal)) is { } unit && group[0].EndsWith(".slice", StringComparison.Ordinal)
        && (unit.EndsWith(".service", StringComparison.Ordinal) || unit.EndsWith(".scope", StringComparison.Ordinal)) ? unit : null;
}
