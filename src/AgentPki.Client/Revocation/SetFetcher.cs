using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Revocations;

namespace AgentPki.Client.Revocation;

/// <summary>Gets sets or the buckets of them that are wanted, and keeps what is what was signed.</summary>
internal sealed class SetFetcher(FeedClient client, RevocationFollowerOptions options)
{
    private const int Attempts = 3;
    private const int MostBucketsAtOnce = 8;

    /// <summary>Whether all of the buckets are here now. The whole set is fetched where it is small, or most of it is wanted.</summary>
    public async ValueTask<bool> TryFetchAsync(SetLayer layer, IReadOnlyCollection<int> buckets, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await FetchAsync(layer, buckets, cancellationToken);
                return true;
            }
            catch (Exception failure) when (FeedClient.IsFailure(failure, cancellationToken))
            {
                if (attempt == Attempts)
                {
                    return false;
                }
            }
        }
    }

    private async Task FetchAsync(SetLayer layer, IReadOnlyCollection<int> buckets, CancellationToken cancellationToken)
    {
        var commitment = layer.Stated.Commitment;
        var inParts = buckets.Count * ((commitment.Octets / commitment.Buckets) + (commitment.BucketBits * (long)MerkleHash.Size));
        if (commitment.Octets <= options.WholeSetOctets || inParts >= commitment.Octets)
        {
            var octets = await client.SetAsync(layer.Stated, cancellationToken);
            layer.Keep(RevocationSet.TryRead(octets, commitment, out var set, out var error) ? set : throw new FeedException(error));
            return;
        }

        await Parallel.ForEachAsync(buckets, new ParallelOptions { MaxDegreeOfParallelism = MostBucketsAtOnce, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var octets = await client.BucketAsync(layer.Stated, index, token);
            layer.Keep(RevocationBucket.TryRead(octets, index, commitment, out var bucket, out var error) ? bucket : throw new FeedException(error));
        });
    }
}
