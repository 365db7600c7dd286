using System.Runtime.CompilerServices;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : ICertificateListStore
{
    ValueTask<CertificateListRecord?> ICertificateListStore.LatestAsync(string authority, int shard, bool isDelta, CancellationToken cancellationToken) =>
        new(Lists(authority, shard).Where(l => l.BaseNumber is not null == isDelta).MaxBy(l => l.Number));

    ValueTask<CertificateListRecord?> ICertificateListStore.FindBaseAsync(string authority, int shard, DateTimeOffset now, CancellationToken cancellationToken) =>
        new(Lists(authority, shard).Where(l => l.BaseNumber is null && l.NextUpdate > now).OrderBy(l => l.NextUpdate).ThenBy(l => l.Number).FirstOrDefault());

    ValueTask<IReadOnlyList<int>> ICertificateListStore.ListShardsAsync(string authority, CancellationToken cancellationToken)
    {
        var state = _state;
        var given = state.Certificates.Values.Where(e => e.Certificate.Authority == authority && e.Certificate.Shard != 0).Select(e => e.Certificate.Shard);
        return new([.. given.Union(state.CertificateLists.Where(l => l.Authority == authority).Select(l => l.Shard)).Order()]);
    }

    IAsyncEnumerable<RevokedEntry> ICertificateListStore.ListEntriesAsync(string authority, int shard, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
        EntriesAsync(authority, shard, notExpiredBefore, r => r.Reason != RevocationReason.RemoveFromCrl, cancellationToken);

    IAsyncEnumerable<RevokedEntry> ICertificateListStore.ListChangesAsync(string authority, int shard, long afterEpoch, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
        EntriesAsync(authority, shard, notExpiredBefore, r => r.Epoch > afterEpoch, cancellationToken);

    ValueTask<bool> ICertificateListStore.HasChangedAsync(string authority, int shard, long afterEpoch, CancellationToken cancellationToken) =>
        new(_state.Certificates.Values.Any(e => e.Certificate.Authority == authority && e.Certificate.Shard == shard && e.Revoked?.Epoch > afterEpoch));

    private IEnumerable<CertificateListRecord> Lists(string authority, int shard) => _state.CertificateLists.Where(l => l.Authority == authority && l.Shard == shard);

    private async IAsyncEnumerable<RevokedEntry> EntriesAsync(
        string authority, int shard, DateTimeOffset notExpiredBefore, Func<CertificateStatus.Revoked, bool> wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in _state.Certificates.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.Revoked is { } revoked && wanted(revoked) && entry.Certificate.Authority == authority && entry.Certificate.Shard == shard && entry.Certificate.NotAfter >= notExpiredBefore)
            {
                yield return new RevokedEntry(entry.Certificate.Serial, revoked.Time, revoked.Reason, entry.InvalidSince);
            }
        }

        await ValueTask.CompletedTask;
    }
}
