using System.Threading.RateLimiting;
using AgentPki.Authority.Problems;

namespace AgentPki.Protocols.Http;

/// <summary>
/// Gives each client its share: told apart by certificate, else by credential and address. A token bucket each; buckets that are full again
/// are forgotten, so that strangers cannot fill the memory for long.
/// </summary>
public sealed class RequestRates : IAsyncDisposable
{
    private static readonly TimeSpan Refill = TimeSpan.FromMilliseconds(100);
    private readonly PartitionedRateLimiter<string>? _certificates;
    private readonly PartitionedRateLimiter<string>? _credentials;
    private readonly PartitionedRateLimiter<string>? _addresses;

    public RequestRates(RequestRateOptions options)
    {
        options.Validate();
        (_certificates, _credentials, _addresses) = (Create(options.Certificate), Create(options.Credential), Create(options.Address));
    }

    /// <summary>Takes one request of the client's share; null, or the refusal.</summary>
    /// <param name="certificate">Fingerprint of a certificate that a CA of this appliance signed and TLS proved possession of; null when there is none.</param>
    /// <param name="address">Charged when there is no such certificate.</param>
    /// <param name="credential">Name of the credential that was sent, if any.</param>
    public PkiProblem? Take(string? certificate, string address, string? credential)
    {
        if (certificate is not null)
        {
            return _certificates is null ? null : Take(_certificates, certificate, "this client certificate");
        }

        if (_addresses is not null && Take(_addresses, address, "this address") is { } refused)
        {
            return refused;
        }

        return _credentials is not null && credential is not null ? Take(_credentials, $"{credential}@{address}", "this credential") : null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var limiter in new[] { _certificates, _credentials, _addresses })
        {
            if (limiter is not null)
            {
                await limiter.DisposeAsync();
            }
        }
    }

    private static PkiProblem? Take(PartitionedRateLimiter<string> limiter, string client, string who)
    {
        using var lease = limiter.AttemptAcquire(client);
        if (lease.IsAcquired)
        {
            return null;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        return new PkiProblem(PkiProblemKind.RateLimited, $"Too many requests by {who}: wait as long as Retry-After says.", wait);
    }

    private static PartitionedRateLimiter<string>? Create(RequestShare share) => share.PerSecond == 0 ? null : PartitionedRateLimiter.Create<string, string>(
        client => RateLimitPartition.GetTokenBucketLimiter(client, _ => Bucket(share)), StringComparer.Ordinal);

    private static TokenBucketRateLimiterOptions Bucket(RequestShare share)
    {
        // Ten refills a second where a tenth is a whole number, else one.
        var tenth = share.PerSecond % 10 == 0;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = share.Burst,
            TokensPerPeriod = tenth ? share.PerSecond / 10 : share.PerSecond,
            ReplenishmentPeriod = tenth ? Refill : TimeSpan.FromSeconds(1),
            QueueLimit = 0,
            AutoReplenishment = true, // by the partitioned limiter's own timer
        };
    }
}
