using AgentPki.Authority.Revocation.Lists;

namespace AgentPki.Authority.Spiffe;

/// <summary>The CRLs that go into one message of the Workload API.</summary>
public sealed class WorkloadLists
{
    private readonly IReadOnlyList<PublishedList> _lists;

    internal WorkloadLists(IReadOnlyList<PublishedList> lists)
    {
        _lists = lists;
        Version = string.Join(' ', lists.Select(l => Convert.ToHexString(l.Record.Sha256)));
    }

    /// <summary>Two that are the same octet by octet have the same.</summary>
    public string Version { get; }

    /// <summary>Their DER.</summary>
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(CancellationToken cancellationToken)
    {
        var read = new List<ReadOnlyMemory<byte>>(_lists.Count);
        foreach (var list in _lists)
        {
            read.Add(await list.ReadAsync(cancellationToken));
        }

        return read;
    }
}
