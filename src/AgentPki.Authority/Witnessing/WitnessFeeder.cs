using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Witnessing;

/// <summary>
/// Once an interval: the newest checkpoint gets the log's second signature, and is shown to every witness. Beside everything else, after the commit: a token or a witness
/// that is away delays its own line and nothing else.
/// </summary>
public sealed class WitnessFeeder : IAsyncDisposable
{
    /// <summary>One witness's answers in one round.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly ILedgerStore _ledger;
    private readonly SecondSignature _second;
    private readonly IReadOnlyList<WitnessFeed> _feeds;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _round = new(1, 1);
    private readonly ITimer _timer;

    /// <param name="second">The label of the ML-DSA-44 key of purpose <see cref="KeyPurpose.LedgerCheckpoint"/>; null: none is looked for.</param>
    public WitnessFeeder(
        ILedgerStore ledger, CryptoProviders providers, string? second, IReadOnlyList<IWitness> witnesses, TimeSpan interval, AuthorityMetrics metrics, TimeProvider time, ILogger<WitnessFeeder> logger)
    {
        (_ledger, _time, _logger) = (ledger, time, logger);
        _second = new SecondSignature(ledger, providers, second, time, logger);
        _feeds = [.. witnesses.Select(witness => new WitnessFeed(witness, ledger, providers, metrics, time, logger))];
        _timer = time.CreateTimer(_ => FeedInBackground(), null, interval, interval);
        metrics.WatchWitnesses(() => _feeds.Count(feed => feed.Status.Problem is not null));
    }

    /// <summary>What is known of each witness, in the order of the configuration.</summary>
    public IReadOnlyList<WitnessStatus> Status => [.. _feeds.Select(feed => feed.Status)];

    /// <summary>The ML-DSA-44 key, once it was opened.</summary>
    public PublicKey? SecondKey => _second.PublicKey;

    /// <summary>A sentence for people when a witness has seen another log than this one; null otherwise.</summary>
    public string? Contradiction => _feeds.Select(feed => feed.Status).FirstOrDefault(status => status.IsContradiction) is { } status ? $"the witness {status.Name} contradicts the ledger: {status.Problem}" : null;

    /// <summary>One round now; ends when every witness has answered or its time is over.</summary>
    public async Task FeedAsync(CancellationToken cancellationToken)
    {
        await _round.WaitAsync(cancellationToken);
        try
        {
            if (await _ledger.LatestCheckpointAsync(cancellationToken) is not { } newest)
            {
                return;
            }

            var checkpoint = await _second.AddToAsync(newest, cancellationToken);
            await Task.WhenAll(_feeds.Select(feed => FeedOneAsync(feed, checkpoint, cancellationToken)));
        }
        catch (StoreUnavailableException failure)
        {
            Log.NotKept(_logger, failure);
        }
        finally
        {
            _round.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _stopping.CancelAsync();
        await _round.WaitAsync(CancellationToken.None);
        await _second.DisposeAsync();
        _round.Dispose();
        _stopping.Dispose();
    }

    private async Task FeedOneAsync(WitnessFeed feed, SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Deadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await feed.FeedAsync(checkpoint, both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            feed.Silence($"it did not answer within {Deadline.TotalSeconds:0} seconds");
        }
    }

    // Nothing awaits a timer's callback; a round that still runs when the next is due is that one too.
    private void FeedInBackground()
    {
        if (_round.CurrentCount > 0)
        {
            _ = FeedAndLogAsync();
        }
    }

    private async Task FeedAndLogAsync()
    {
        try
        {
            await FeedAsync(_stopping.Token);
        }
        catch (Exception ending) when (ending is ObjectDisposedException or OperationCanceledException)
        {
            // The last tick ran into the shutdown.
        }
        catch (Exception failure) // Nobody else would see it.
        {
            Log.FeedingFailed(_logger, failure);
        }
    }
}
