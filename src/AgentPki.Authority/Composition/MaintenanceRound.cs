using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Composition;

/// <summary>
/// What an authority does by itself, again and again, one thing after the other. A store that is away ends one thing and not the round; nothing awaits a timer's callback, and a round that still
/// runs is not joined by a second.
/// </summary>
internal sealed class MaintenanceRound(AuthorityServices services, OcspResponderKeeper responders, ILogger logger) : IAsyncDisposable
{
    private ITimer? _timer;
    private volatile Task _running = Task.CompletedTask;

    /// <summary>From now on, in the background.</summary>
    public void Start(TimeProvider time, TimeSpan interval) => _timer = time.CreateTimer(_ => RunInBackground(), null, interval, interval);

    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        if (services.Commits.Stopped is not null)
        {
            return;
        }

        await responders.EnsureAllAsync(cancellationToken);
        await TryAsync("the watch's rules and memory", services.Watch.MaintainAsync, cancellationToken);
        await TryAsync("approvals whose time is over", services.Approvals.ExpireAllAsync, cancellationToken);
        await TryAsync("requests whose time is over", services.AdminRequests.ExpireAllAsync, cancellationToken);
        await TryAsync("campaigns", services.Migrations.AdvanceAsync, cancellationToken);
        await TryAsync("successions", services.Successions.AdvanceAsync, cancellationToken);
        await TryAsync("ACME's orders", services.Acme.MaintainAsync, cancellationToken);
        await TryAsync("checkpoints", services.Checkpoints.ThinOutAsync, cancellationToken);
        await services.RegistryWatch.RunAsync(cancellationToken);
        await services.CertificateLists.RefreshAsync(cancellationToken);
    }

    /// <summary>Ends with the round that runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await (_timer?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _running;
    }

    private async ValueTask TryAsync(string what, Func<CancellationToken, ValueTask> look, CancellationToken cancellationToken)
    {
        try
        {
            await look(cancellationToken);
        }
        catch (StoreUnavailableException failure)
        {
            Log.NotLookedAfter(logger, what, failure);
        }
    }

    private void RunInBackground()
    {
        if (_running.IsCompleted)
        {
            _running = RunAndLogAsync();
        }
    }

    private async Task RunAndLogAsync()
    {
        try
        {
            await RunAsync(CancellationToken.None);
        }
        catch (Exception failure) // Nobody else would see it, and the next round must come.
        {
            Log.MaintenanceFailed(logger, failure);
        }
    }
}
