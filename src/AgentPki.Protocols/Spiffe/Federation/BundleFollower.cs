using AgentPki.Authority.Spiffe;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>
/// Keeps the bundle of one foreign trust domain: looks as often as it hints, takes what is newer, keeps it for the next start, and goes on with what it has while the endpoint does not answer,
/// saying so when that has lasted.
/// </summary>
public sealed class BundleFollower(FederatedDomain domain, BundleClient client, ForeignBundles known, WorkloadSignal signal, Action<byte[]> keep, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan WithoutHint = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);

    // So many hints without an answer, and what is known is called stale. It counts all the same: nobody else could say better.
    private const int HintsUntilStale = 3;
    private readonly DateTimeOffset _begun = time.GetUtcNow();
    private TimeSpan _hint = known.Find(domain.TrustDomain) is { } kept ? HintOf(kept) : WithoutHint;
    private long _heard;
    private bool _stale;
    private string? _complained;

    /// <summary>Without <c>spiffe://</c>.</summary>
    public string TrustDomain => domain.TrustDomain;

    /// <summary>When its endpoint last served a bundle that counts; null: not since the start.</summary>
    public DateTimeOffset? Heard => Volatile.Read(ref _heard) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Follows until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = AfterFailure;
            try
            {
                pause = await LookAsync(cancellationToken);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                Complain(failure.Message);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(pause, time, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks once; when to look again.</summary>
    public async ValueTask<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        var before = known.Find(domain.TrustDomain);
        var (bundle, octets, problem) = await client.FetchAsync(cancellationToken);
        if (bundle is null || !known.TryTake(domain.TrustDomain, bundle))
        {
            Complain(problem ?? "what it serves is older than what it served before");
            return AfterFailure;
        }

        if (_stale)
        {
            Log.BundleFresh(logger, domain.TrustDomain, domain.Url);
        }

        (_complained, _stale, _hint) = (null, false, HintOf(bundle));
        Volatile.Write(ref _heard, time.GetUtcNow().UtcTicks);
        if (before is null || !before.Encode().AsSpan().SequenceEqual(bundle.Encode()))
        {
            Log.BundleTaken(logger, domain.TrustDomain, bundle.Roots.Count, bundle.Keys.Count, bundle.Sequence);
            keep(octets);
            signal.Wake();
        }

        return _hint;
    }

    private static TimeSpan HintOf(BundleDocument bundle)
    {
        var hint = bundle.RefreshHint ?? WithoutHint;
        return hint < Shortest ? Shortest : hint > Longest ? Longest : hint;
    }

    // Once for each reason, and once when it has lasted.
    private void Complain(string problem)
    {
        if (_complained != problem)
        {
            Log.BundleNotTaken(logger, domain.TrustDomain, domain.Url, problem);
        }

        _complained = problem;
        if (!_stale && time.GetUtcNow() - (Heard ?? _begun) > HintsUntilStale * _hint)
        {
            _stale = true;
            Log.BundleStale(logger, domain.TrustDomain, domain.Url, Heard ?? _begun, problem);
        }
    }
}
