using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>
/// Ships the appliance to a folder while it serves: a base, and then every commit within a second, encrypted for the officers. Runs beside the commits and never
/// holds one up: a target that is slow, full or away makes a queue, a full queue makes a new base when the target is back, and all the while it is said.
/// </summary>
public sealed class ShippingService : IAsyncDisposable
{
    private const int MostInChunk = 4 << 20;
    private const int KeptGenerations = 2;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookAround = TimeSpan.FromSeconds(10);

    private readonly IRecoveryStore _store;
    private readonly ILedgerStore _ledger;
    private readonly BackupService _backups;
    private readonly ShippingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<string, Task> _superseded;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private ShippingFolder? _folder;
    private CommitQueue? _queue;
    private DateTimeOffset _lookedAround;
    private string? _generation;
    private string? _problem;
    private long _shipped;
    private volatile bool _isSuperseded;

    /// <param name="superseded">Told, once, why this log is not to go on here: it was restored elsewhere.</param>
    public ShippingService(IRecoveryStore store, ILedgerStore ledger, BackupService backups, ShippingOptions options, Func<string, Task> superseded, TimeProvider time, ILogger<ShippingService> logger)
    {
        (_store, _ledger, _backups, _options, _superseded, _time, _logger) = (store, ledger, backups, options, superseded, time, logger);
        _problem = "it has just begun, and the base is not written yet";
        _running = Task.Run(RunAsync);
    }

    public ShippingStatus Status => new(_problem, _isSuperseded, Interlocked.Read(ref _shipped), _queue?.Oldest, _generation);

    /// <summary>Ships what waits, if the target takes it, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var wait = _options.Interval;
        while (!_stopping.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            try
            {
                await RunGenerationAsync();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure) // Whatever it was: nobody else sees it, and it is tried again.
            {
                Interrupted(failure.Message, failure);
            }

            // Longer each time that it fails at once; soon again after it has gone well for a while.
            wait = _time.GetElapsedTime(started) > LongestWait ? _options.Interval : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
            await WaitAsync(wait);
        }
    }

    /// <summary>One base, and the commits after it until something breaks.</summary>
    private async Task RunGenerationAsync()
    {
        var extent = await _ledger.ExtentAsync(_stopping.Token);
        _folder ??= new ShippingFolder(_options.Folder, extent.LogId);
        await RequireNewestAsync(extent);
        var queue = _queue = new CommitQueue(_options.Capacity) { Time = _time };
        var generation = _folder.Begin(extent.Epoch, _time.GetUtcNow(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        try
        {
            // The queue fills from exactly this base on, while the base is written.
            var receipt = await _backups.WriteFileAsync(ArchiveKind.Base, Path.Combine(generation, ShippingFolder.BaseName), queue, AuditTrail.Appliance, _stopping.Token);
            (_generation, _problem) = (generation, null);
            Interlocked.Exchange(ref _shipped, receipt.Header.Head.Size);
            _folder.Prune(KeptGenerations);
            Log.ShippingBegan(_logger, generation, receipt.Header.Head.Size, receipt.Octets);
            for (var number = 1; ; number++)
            {
                await ShipSegmentAsync(queue, generation, new SegmentPlace(receipt.Header.Id, number), extent);
            }
        }
        finally
        {
            _store.Unfollow(queue);
        }
    }

    private async Task ShipSegmentAsync(CommitQueue queue, string generation, SegmentPlace place, LedgerExtent extent)
    {
        // A segment begins with its first commit: there is none without.
        IReadOnlyList<RecordedCommit> first;
        while ((first = queue.Take(MostInChunk)).Count == 0)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            RequireWhole(queue);
            await RoundAsync(extent);
        }

        await using var signing = await _backups.OpenKeyAsync(CancellationToken.None);
        var unsealed = new BackupService.Unsealed(ArchiveKind.Segment, await _backups.OfficersAsync(CancellationToken.None), first[0].Head, signing.PublicKey) { Place = place };
        var (header, key) = await _backups.SealAsync(unsealed, CancellationToken.None);
        await using var segment = await SegmentWriter.CreateAsync(ShippingFolder.SegmentPath(generation, place.Number), header, key, new ArchiveSigner(signing), CancellationToken.None);
        for (var commits = first; ; commits = queue.Take(MostInChunk))
        {
            if (commits.Count > 0)
            {
                segment.Seal(commits);
                await WriteAsync(segment);
                Interlocked.Exchange(ref _shipped, commits[^1].Head.Size);
                if (segment.Length >= _options.SegmentSize)
                {
                    return;
                }
            }
            else
            {
                _stopping.Token.ThrowIfCancellationRequested();
                RequireWhole(queue);
            }

            // Under load too a chunk is what came within an interval, and the folder is looked at.
            await RoundAsync(extent);
        }
    }

    /// <summary>Tries until the target has it.</summary>
    private async Task WriteAsync(SegmentWriter segment)
    {
        for (var wait = _options.Interval; ;)
        {
            try
            {
                await segment.WriteAsync(CancellationToken.None);
                if (_problem is not null)
                {
                    Log.ShippingGoesOn(_logger);
                    _problem = null;
                }

                return;
            }
            catch (IOException failure)
            {
                Interrupted(failure.Message, failure);
                _stopping.Token.ThrowIfCancellationRequested();
                await WaitAsync(wait);
                wait = TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
            }
        }
    }

    private async Task RoundAsync(LedgerExtent extent)
    {
        await WaitAsync(_options.Interval);
        var now = _time.GetUtcNow();
        if ((now - _lookedAround).Duration() >= LookAround)
        {
            _lookedAround = now;
            await RequireNewestAsync(extent);
        }
    }

    private static void RequireWhole(CommitQueue queue)
    {
        if (queue.Broken is { } reason)
        {
            throw new IOException($"Shipping broke off: {reason}.");
        }
    }

    /// <summary>Somebody who restored this log ships its next epoch: two that go on would be a fork.</summary>
    private async ValueTask RequireNewestAsync(LedgerExtent extent)
    {
        if (_folder?.NewestEpoch is { } newest && newest > extent.Epoch)
        {
            var reason = string.Create(CultureInfo.InvariantCulture, $"This log was restored elsewhere: {_options.Folder} has its epoch {newest}, and this is epoch {extent.Epoch}.");
            if (!_isSuperseded)
            {
                _isSuperseded = true;
                await _superseded($"{reason} Nothing is issued or decided here any more: ask the machine that goes on with it.");
                Log.Superseded(_logger, extent.Epoch, newest, _options.Folder);
            }

            throw new IOException(reason);
        }
    }

    private void Interrupted(string why, Exception failure)
    {
        if (_problem != why && !_isSuperseded)
        {
            Log.ShippingInterrupted(_logger, _options.Folder, failure);
        }

        _problem = why;
    }

    // Woken when it is time to end; what waits is then taken once more.
    private async Task WaitAsync(TimeSpan time)
    {
        try
        {
            await Task.Delay(time, _time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
