using System.Globalization;
using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe.Attestation.Unix;

/// <summary>
/// User, group and further groups as the kernel has them; the executable by its path, and by SHA-256 over its octets. The latter two need leave to look at another user's processes
/// (CAP_SYS_PTRACE) and are not said without it.
/// </summary>
public sealed class UnixAttestor : IWorkloadAttestor
{
    private const string Path = "path";
    private const string Sha256 = "sha256";
    private readonly ExecutableDigests _digests = new();

    public string Type => "unix";

    public IReadOnlyList<string> Names { get; } = ["uid", "gid", "supplementary-gid", "cgroup", Path, Sha256];

    // Anybody can start any program, and have it do what he wants: a path says nothing of who did.
    public IReadOnlyList<string> Binding { get; } = ["uid", "gid", "supplementary-gid", "cgroup"];

    public async ValueTask<IReadOnlyList<WorkloadSelector>> AttestAsync(WorkloadPeer peer, IReadOnlySet<string> wanted, CancellationToken cancellationToken)
    {
        var found = new List<WorkloadSelector> { Of("uid", peer.Credentials.UserId), Of("gid", peer.Credentials.GroupId) };
        if (ProcessStatus.Read(peer.Folder) is { } status)
        {
            // It may be somebody else by now than it was when it connected: then it is neither.
            if (status.User != peer.Credentials.UserId || status.Group != peer.Credentials.GroupId)
            {
                return [];
            }

            found.AddRange(status.Groups.Select(g => Of("supplementary-gid", g)));
        }

        if (ControlGroups.Of(peer.Folder) is { } group)
        {
            found.Add(new WorkloadSelector(Type, "cgroup", "/" + string.Join('/', group)));
        }

        if (wanted.Contains(Path) && ExecutableFile.PathOf(peer.Folder) is { } path)
        {
            found.Add(new WorkloadSelector(Type, Path, path));
        }

        if (wanted.Contains(Sha256) && await _digests.OfAsync(peer.Folder, cancellationToken) is { } digest)
        {
            found.Add(new WorkloadSelector(Type, Sha256, digest));
        }

        return found;
    }

    private WorkloadSelector Of(string name, uint number) => new(Type, name, number.ToString(CultureInfo.InvariantCulture));
}
