using System.Diagnostics.Metrics;
using System.Globalization;
using AgentPki.Authority.Recovery.Shipping;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Recovery;

/// <summary>What would be lost if this machine were gone now.</summary>
/// <param name="Newest">The newest backup, or base of what is shipped; null: none.</param>
/// <param name="Entries">Of the ledger, now.</param>
/// <param name="Safe">Entries of the ledger that lie elsewhere: in the newest backup, or shipped.</param>
/// <param name="Shipping">Null: nothing is shipped.</param>
public sealed record RecoveryPoint(BackupRecord? Newest, long Entries, long Safe, ShippingStatus? Shipping)
{
    /// <summary>Entries that would be lost.</summary>
    public long AtRisk => Entries - Safe;
}

/// <summary>Makes backups into one folder, one at a time, and knows the recovery point.</summary>
public sealed class RecoveryDesk : IAsyncDisposable
{
    private readonly BackupService _backups;
    private readonly IRecoveryStore _store;
    private readonly ILedgerStore _ledger;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Meter _meter = new(AuthorityMetrics.MeterName);
    private volatile BackupRecord? _newest;

    /// <param name="folder">Where backups are written; made when the first one is.</param>
    /// <param name="shipping">Becomes the desk's; null: nothing is shipped.</param>
    public RecoveryDesk(BackupService backups, IRecoveryStore store, ILedgerStore ledger, string folder, ShippingService? shipping, TimeProvider time)
    {
        (_backups, _store, _ledger, _folder, Shipping, _time) = (backups, store, ledger, folder, shipping, time);
        _meter.CreateObservableGauge("agentpki.backup.age", Age, "s", "Since the state of the newest backup; absent without one");
        if (shipping is not null)
        {
            _meter.CreateObservableGauge("agentpki.shipping.waiting", () => Waiting(shipping), "s", "Since the oldest commit that is not shipped yet");
            _meter.CreateObservableGauge("agentpki.shipping.failing", () => shipping.Status.Problem is null ? 0 : 1, "1", "Whether shipping is interrupted");
        }
    }

    public ShippingService? Shipping { get; }

    /// <summary>Takes up again what a restore has lost.</summary>
    public required AdoptionService Adoption { get; init; }

    /// <summary>Writes a backup into the folder.</summary>
    /// <returns>Where it is, and what.</returns>
    /// <exception cref="BackupException">It cannot be made.</exception>
    /// <exception cref="Cryptography.KeyUnavailableException">The ledger's key cannot sign now.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async Task<(string Path, BackupReceipt Receipt)> MakeAsync(string actor, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(_folder);
            ClearCutOff();
            var path = Path.Combine(_folder, await NameAsync(cancellationToken));
            return (path, await _backups.WriteFileAsync(path, actor, cancellationToken));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The folder of backups {_folder} cannot be written: {failure.Message}", failure);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<RecoveryPoint> PointAsync(CancellationToken cancellationToken)
    {
        _newest = await _store.LatestBackupAsync(cancellationToken);
        var entries = (await _ledger.ExtentAsync(cancellationToken)).Size;
        var shipping = Shipping?.Status;
        return new RecoveryPoint(_newest, entries, Math.Max(_newest?.Entries ?? 0, shipping?.Shipped ?? 0), shipping);
    }

    /// <summary>Ships what waits, and ends. The store and its keys are still needed then.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Shipping is { } shipping)
        {
            await shipping.DisposeAsync();
        }

        _meter.Dispose();
        _writing.Dispose();
    }

    /// <summary>What a kill has left of an earlier try has no end, and nobody's use; this desk alone writes here, one at a time.</summary>
    private void ClearCutOff()
    {
        foreach (var part in Directory.EnumerateFiles(_folder, "*" + BackupService.PartSuffix))
        {
            File.Delete(part);
        }
    }

    private async ValueTask<string> NameAsync(CancellationToken cancellationToken)
    {
        var extent = await _ledger.ExtentAsync(cancellationToken);
        var name = string.Create(CultureInfo.InvariantCulture, $"agentpki-{extent.Epoch}-{extent.Size}-{_time.GetUtcNow().UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");
        return Enumerable.Range(1, int.MaxValue).Select(n => n == 1 ? $"{name}.apb" : string.Create(CultureInfo.InvariantCulture, $"{name}-{n}.apb")).First(n => !File.Exists(Path.Combine(_folder, n)));
    }

    private IEnumerable<Measurement<double>> Age() => _newest is { } newest ? [new Measurement<double>((_time.GetUtcNow() - newest.Created).TotalSeconds)] : [];

    private double Waiting(ShippingService shipping) => shipping.Status.WaitingSince is { } since ? Math.Max(0, (_time.GetUtcNow() - since).TotalSeconds) : 0;
}
