using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Spiffe;

/// <summary>
/// Wakes every stream of the Workload API when something happened that may change what it said: a revocation, an agent's new state, other entries, another CA, a campaign, a foreign bundle.
/// It says only that they are to look again; a burst wakes them a few times a second.
/// </summary>
public sealed class WorkloadSignal : IAsyncDisposable
{
    // What is heard of a revocation comes within a second; what is made of a thousand of them costs what four cost.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    // What no event tells of: a CRL that was renewed in time, a wave of a campaign.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);
    private readonly WorkloadDirectory _directory;
    private readonly RevocationClock _clock;
    private readonly IssuerDirectory _issuers;
    private readonly CampaignDirectory _campaigns;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _moved = New();
    private long _version;
    private Task _running = Task.CompletedTask;

    internal WorkloadSignal(WorkloadDirectory directory, RevocationClock clock, IssuerDirectory issuers, CampaignDirectory campaigns, TimeProvider time, ILogger<WorkloadSignal> logger) =>
        (_directory, _clock, _issuers, _campaigns, _time, _logger) = (directory, clock, issuers, campaigns, time, logger);

    /// <summary>Rises with each reason to look again.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>The appliance ends: streams are to end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void Start() => _running = Task.Run(() => RunAsync(_stopping.Token), CancellationToken.None);

    /// <summary>There is a reason that only the caller knows.</summary>
    public void Wake()
    {
        Interlocked.Increment(ref _version);
        Interlocked.Exchange(ref _moved, New()).SetResult();
    }

    /// <summary>Until there is a reason after that version, or the time is over.</summary>
    public async ValueTask WaitBeyondAsync(long version, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var moved = Volatile.Read(ref _moved).Task;
        if (Version > version)
        {
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(moved, Task.Delay(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, _time, ending.Token));
        await ending.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Ends the streams, and then what wakes them.</summary>
    public async ValueTask StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var (seen, raised) = (Observe(), _time.GetTimestamp());
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(seen, cancellationToken);
                var now = Observe();
                if (now != seen || _time.GetElapsedTime(raised) >= LookAgain)
                {
                    (seen, raised) = (now, _time.GetTimestamp());
                    Wake();
                    await Task.Delay(Pause, _time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it was, streams must go on being woken, and nobody else would see it.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Log.SignalFailed(_logger, failure);
                await Task.Delay(Look, _time, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async ValueTask WaitAsync(Seen seen, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_clock.WaitForChangeAsync(seen.Epoch, seen.AgentChanges, ending.Token).AsTask(), Task.Delay(Look, _time, ending.Token));
        await ending.CancelAsync();
    }

    private Seen Observe() => new(_clock.Epoch, _clock.AgentChanges, _directory.Digest, _issuers.All, _issuers.Successions, _campaigns.InForce);

    // Reloaded sets are other objects: that is how they are told apart.
    private sealed record Seen(long Epoch, long AgentChanges, string Entries, IReadOnlyList<Issuer> Issuers, object Successions, System.Collections.Immutable.ImmutableArray<Store.CampaignRecord> Campaigns);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
