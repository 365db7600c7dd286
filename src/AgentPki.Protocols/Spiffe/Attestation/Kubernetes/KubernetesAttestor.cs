using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe.Attestation.Kubernetes;

/// <summary>
/// Pod and container of a process on a Kubernetes node, from the control group that the kubelet made for it, with either of its drivers. Which name, namespace and service account a pod has is
/// the kubelet's to say, and it is not asked.
/// </summary>
public sealed class KubernetesAttestor : IWorkloadAttestor
{
    private const string Pod = "pod-uid";
    private const string Container = "container-id";
    private const int UidLength = 36;

    public string Type => "k8s";

    public IReadOnlyList<string> Names { get; } = [Pod, Container];

    public IReadOnlyList<string> Binding => Names;

    public ValueTask<IReadOnlyList<WorkloadSelector>> AttestAsync(WorkloadPeer peer, IReadOnlySet<string> wanted, CancellationToken cancellationToken) =>
        new(ControlGroups.Of(peer.Folder) is { } group && Read(group) is var (pod, container)
            ? container is null ? [new WorkloadSelector(Type, Pod, pod)] : [new WorkloadSelector(Type, Pod, pod), new WorkloadSelector(Type, Container, container)]
            : []);

    /// <summary>
    /// <c>kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/cri-containerd-ID.scope</c> (systemd) or <c>kubepods/burstable/podUID/ID</c> (cgroupfs); null when it is no pod.
    /// </summary>
    internal static (string Pod, string? Container)? Read(IReadOnlyList<string> group)
    {
        // Only at the top: below, a container with a control group of its own could make any names.
        if (group[0] is not ("kubepods" or "kubepods.slice"))
        {
            return null;
        }

        for (var i = 1; i < Math.Min(3, group.Count); i++)
        {
            if (UidOf(group[i]) is { } pod)
            {
                return (pod, i + 1 < group.Count ? ContainerOf(group[i + 1]) : null);
            }
        }

        return null;
    }

    private static string? UidOf(string part)
    {
        var name = part.EndsWith(".slice", StringComparison.Ordinal) ? part[..^".slice".Length].Replace('_', '-') : part;
        var at = name.LastIndexOf("pod", StringComparison.Ordinal);
        return at >= 0 && name[(at + 3)..] is { Length: UidLength } uid && uid.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c) || c == '-') ? uid : null;
    }

    private static string? ContainerOf(string part)
    {
        var name = part.EndsWith(".scope", StringComparison.Ordinal) ? part[..^".scope".Length] : part;
        name = name[(name.LastIndexOf('-') + 1)..];
        return name.Length == 64 && name.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c)) ? name : null;
    }
}
