using AgentPki.Authority.Commit;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Checkpoints;

/// <summary>
/// Signs the ledger's head after commits, at most once an interval, and at the end. A dead token delays checkpoints and nothing else: the ledger goes on
/// and the next checkpoint covers what came meanwhile.
/// </summary>
public sealed class CheckpointService : IAsyncDisposable
{
    /// <summary>How long every checkpoint is kept; afterwards one an hour.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(1);

    private static readonly TimeSpan ThinningInterval = TimeSpan.FromHours(1);
    private readonly CommitWriter _commits;
    private readonly ILedgerStore _ledger;
    private readonly CryptoProviders _providers;
    private readonly KeyReference _key;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _signing = new(1, 1);
    private readonly ITimer _timer;
    private readonly TimeProvider _time;
    private DateTimeOffset _thinned = DateTimeOffset.MinValue;
    private CheckpointSigner? _signer;
    private ISigningKey? _opened;
    private long _coveredLeaves = -1;
    private bool _failing;

    /// <param name="key">A key of purpose <see cref="KeyPurpose.LedgerCheckpoint"/>.</param>
    public CheckpointService(CommitWriter commits, ILedgerStore ledger, CryptoProviders providers, KeyReference key, TimeSpan interval, TimeProvider time, ILogger<CheckpointService> logger)
    {
        (_commits, _ledger, _providers, _key, _time, _logger) = (commits, ledger, providers, key, time, logger);
        _timer = time.CreateTimer(_ => SignInBackground(), null, interval, interval);
    }

    /// <summary>The public key that verifies the checkpoints; null until the token could be asked once.</summary>
    public PublicKey? PublicKey => _opened?.PublicKey;

    /// <summary>Signs the head now if leaves came since the last checkpoint. False: the token or the store cannot, and it is tried again; or the log goes on elsewhere, and this one has no further heads.</summary>
    public async ValueTask<bool> SignAsync(CancellationToken cancellationToken)
    {
        if (_commits.Stopped is not null)
        {
            return false;
        }

        await _signing.WaitAsync(cancellationToken);
        try
        {
            var leaves = _commits.CommittedLeaves;
            if (leaves == _coveredLeaves)
            {
                return true;
            }

            var head = await _ledger.HeadAsync(cancellationToken);
            if (head.Size > 0 && await _ledger.LatestCheckpointAsync(cancellationToken) is var latest && latest?.Checkpoint != Checkpoint.Of(head))
            {
                await _ledger.AddCheckpointAsync(await (await SignerAsync(cancellationToken)).SignAsync(head, cancellationToken), cancellationToken);
            }

            (_coveredLeaves, _failing) = (leaves, false);
            return true;
        }
        catch (Exception failure) when (failure is KeyUnavailableException or Store.StoreUnavailableException)
        {
            // Once, not every second.
            if (!_failing)
            {
                Log.CheckpointDelayed(_logger, failure);
            }

            _failing = true;
            return false;
        }
        finally
        {
            _signing.Release();
        }
    }

    /// <summary>
    /// Lets go of checkpoints that are older than a day, but for one an hour: with one a second they would outgrow the entries. At most once an hour, however often it is called.
    /// </summary>
    public async ValueTask ThinOutAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (now - _thinned < ThinningInterval)
        {
            return;
        }

        _thinned = now;
        if (await _ledger.ThinCheckpointsAsync(now - Retention, cancellationToken) is var gone and > 0)
        {
            Log.CheckpointsThinned(_logger, gone);
        }
    }

    /// <summary>Covers the last leaves and stops. Dispose it after the commit writer has drained.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await SignAsync(CancellationToken.None);
        if (_opened is { } key)
        {
            await key.DisposeAsync();
        }

        _signing.Dispose();
    }

    // Nothing awaits a timer's callback. A signature that is still being made when the next tick comes covers that tick too.
    private void SignInBackground()
    {
        if (_signing.CurrentCount > 0)
        {
            _ = SignAndLogAsync();
        }
    }

    private async Task SignAndLogAsync()
    {
        try
        {
            await SignAsync(CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            // The last tick ran into the shutdown, which signs by itself.
        }
        catch (Exception failure) // Nobody else would see it: a checkpoint that the store refuses means that log and head differ.
        {
            Log.CheckpointFailed(_logger, failure);
        }
    }

    private async ValueTask<CheckpointSigner> SignerAsync(CancellationToken cancellationToken)
    {
        if (_signer is { } signer)
        {
            return signer;
        }

        var provider = _providers.Find(_key.Provider) ?? throw new KeyUnavailableException($"No crypto provider is named '{_key.Provider}', which keeps the checkpoint key.", TimeSpan.FromMinutes(1));
        _opened = await provider.OpenAsync(_key.Label, cancellationToken) ?? throw new KeyUnavailableException($"Provider '{_key.Provider}' has no checkpoint key '{_key.Label}'.", TimeSpan.FromMinutes(1));
        return _signer = new CheckpointSigner(_opened);
    }
}
