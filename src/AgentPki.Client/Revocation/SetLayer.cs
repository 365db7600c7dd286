using System.Collections.Concurrent;
using AgentPki.Ledger.Revocations;

namespace AgentPki.Client.Revocation;

/// <summary>A set that the feed spoke of, as far as it was fetched: all of it, or some buckets.</summary>
internal sealed class SetLayer(StatedSet stated, long sequence, RevocationStatus? status)
{
    private readonly ConcurrentDictionary<int, RevocationBucket> _buckets = new();
    private volatile RevocationSet? _whole;

    public StatedSet Stated { get; } = stated;

    public long Sequence { get; } = sequence;

    /// <summary>What is said of its members; null: that they are good again.</summary>
    public RevocationStatus? Status { get; } = status;

    public bool IsWhole => _whole is not null;

    /// <summary>The appliance does not give it any more: what is not here of it never comes, and a new snapshot is due.</summary>
    public bool IsGone { get; set; }

    public void Keep(RevocationSet whole)
    {
        _whole = whole;
        _buckets.Clear();
    }

    public void Keep(RevocationBucket bucket) => _buckets[bucket.Index] = bucket;

    /// <summary>Whether it tells of every member of a bucket.</summary>
    public bool Has(int bucket) => _whole is not null || _buckets.ContainsKey(bucket);

    public int BucketOf(RevocationMember member) => member.BucketOf(Stated.Commitment.BucketBits);

    /// <summary>Whether it is a member; null when the bucket that tells is not here.</summary>
    public bool? Contains(RevocationMember member) =>
        _whole is { } whole ? whole.Contains(member) : _buckets.TryGetValue(BucketOf(member), out var bucket) ? bucket.Contains(member) : Stated.Commitment.Count == 0 ? false : null;
}
