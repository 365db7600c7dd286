using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>A set with all hashes of its tree, which sends single buckets with their paths: 64 octets a bucket beside the set itself.</summary>
public sealed class RevocationSetServing
{
    // _levels[0] are the buckets' hashes, the last level is the root alone: there are 2^n buckets.
    private readonly MerkleHash[][] _levels;

    public RevocationSetServing(RevocationSet set)
    {
        Set = set;
        _levels = new MerkleHash[set.Commitment.BucketBits + 1][];
        _levels[0] = new MerkleHash[set.Commitment.Buckets];
        for (var i = 0; i < _levels[0].Length; i++)
        {
            _levels[0][i] = MerkleTree.HashLeaf(set.BucketOctets(i).Span);
        }

        for (var level = 1; level < _levels.Length; level++)
        {
            var (below, here) = (_levels[level - 1], new MerkleHash[_levels[level - 1].Length / 2]);
            for (var i = 0; i < here.Length; i++)
            {
                here[i] = MerkleTree.HashNode(below[2 * i], below[(2 * i) + 1]);
            }

            _levels[level] = here;
        }
    }

    public RevocationSet Set { get; }

    /// <summary>What <see cref="RevocationBucket.TryRead"/> takes; null when there is no such bucket.</summary>
    public byte[]? BucketWithPath(int bucket)
    {
        if (bucket < 0 || bucket >= Set.Commitment.Buckets)
        {
            return null;
        }

        var octets = Set.BucketOctets(bucket);
        var path = Set.Commitment.BucketBits * MerkleHash.Size;
        var sent = new byte[path + octets.Length];
        for (var level = 0; level < Set.Commitment.BucketBits; level++)
        {
            _levels[level][(bucket >> level) ^ 1].CopyTo(sent.AsSpan(level * MerkleHash.Size));
        }

        octets.Span.CopyTo(sent.AsSpan(path));
        return sent;
    }
}
