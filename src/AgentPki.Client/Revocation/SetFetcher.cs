using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Revocations;

namespace AgentPki.Client.Revocation;

/// <summary>Gets sets or the buckets of them that are wanted, and keeps what is what was signed.</summary>
internal sealed class SetFetcher(FeedClient client, RevocationFollowerOptions options, TimeProvider clock)
{
    private const int Attempts = 3;
    private const int MostBucketsAtOnce = 8;

    // Each bucket is a request, and an appliance gives an address some hundred of them a second.
    private const int MostBuckets = 64;
    private const int MostWholeOctets = 8 * 1024 * 1024;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <summary>Whether all of the buckets are here now. The whole set is fetched where it is small, or most of it is wanted.</summary>
    public async ValueTask<bool> TryFetchAsync(SetLayer layer, IReadOnlyCollection<int> buckets, CancellationToken cancellationToken)
    {
        if (layer.IsGone)
        {
            return false;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await FetchAsync(layer, buckets, cancellationToken);
                return true;
            }
            catch (Exception failure) when (FeedClient.IsFailure(failure, cancellationToken))
            {
                layer.IsGone = failure is FeedException { IsGone: true };
                if (attempt == Attempts || layer.IsGone)
                {
                    return false;
                }

                if (failure is FeedException { RetryAfter: { } wait })
                {
                    await Task.Delay(wait < LongestWait ? wait : LongestWait, clock, cancellationToken);
                }
            }
        }
    }

    private async Task FetchAsync(SetLayer layer, IReadOnlyCollection<int> buckets, CancellationToken cancellationToken)
    {
        var commitment = layer.Stated.Commitment;
        var missing = buckets.Where(b => !layer.Has(b)).ToList();
        var inParts = missing.Count * ((commitment.Octets / commitment.Buckets) + (commitment.BucketBits * (long)MerkleHash.Size));
        if (commitment.Octets <= options.WholeSetOctets || inParts >= commitment.Octets || (missing.Count > MostBuckets && commitment.Octets <= MostWholeOctets))
        {
            var octets = await client.SetAsync(layer.Stated, cancellationToken);
            layer.Keep(RevocationSet.TryRead(octets, commitment, out var set, out var error) ? set : throw new FeedException(error));
            return;
        }

        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = MostBucketsAtOnce, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var octets = await client.BucketAsync(layer.Stated, index, token);
            layer.Keep(RevocationBucket.TryRead(octets, index, commitment, out var bucket, out var error) ? bucket : throw new FeedException(error));
        });
    }
}
