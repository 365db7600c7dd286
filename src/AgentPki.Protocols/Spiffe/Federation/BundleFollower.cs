using AgentPki.Authority.Spiffe;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>
/// Keeps the bundle of one foreign trust domain: looks as often as it hints, takes what is newer, keeps it for the next start, and goes on with what it has while the endpoint does not answer.
/// </summary>
public sealed class BundleFollower(FederatedDomain domain, BundleClient client, ForeignBundles known, WorkloadSignal signal, Action<byte[]> keep, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan WithoutHint = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);
    private string? _complained;

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

        _complained = null;
        if (before is null || !before.Encode().AsSpan().SequenceEqual(bundle.Encode()))
        {
            Log.BundleTaken(logger, domain.TrustDomain, bundle.Roots.Count, bundle.Keys.Count, bundle.Sequence);
            keep(octets);
            signal.Wake();
        }

        var hint = bundle.RefreshHint ?? WithoutHint;
        return hint < Shortest ? Shortest : hint > Longest ? Longest : hint;
    }

    // Once for each reason.
    private void Complain(string problem)
    {
        if (_complained != problem)
        {
            Log.BundleNotTaken(logger, domain.TrustDomain, domain.Url, problem);
        }

        _complained = problem;
    }
}
