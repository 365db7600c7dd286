using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

/// <summary>A store of CRLs whose first shard of the issuing CA has as many revoked certificates as wanted, each made up when it is read: what a CRL of ten million costs, without ten million certificates.</summary>
public sealed class ManyRevoked(ICertificateListStore store, long count) : ICertificateListStore
{
    public ValueTask<CertificateListRecord?> LatestAsync(string authority, int shard, bool isDelta, CancellationToken cancellationToken) => store.LatestAsync(authority, shard, isDelta, cancellationToken);

    public ValueTask<CertificateListRecord?> FindBaseAsync(string authority, int shard, DateTimeOffset now, CancellationToken cancellationToken) => store.FindBaseAsync(authority, shard, now, cancellationToken);

    public ValueTask<IReadOnlyList<int>> ListShardsAsync(string authority, CancellationToken cancellationToken) => store.ListShardsAsync(authority, cancellationToken);

    public IAsyncEnumerable<RevokedEntry> ListEntriesAsync(string authority, int shard, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
        authority == "issuing" && shard == 0 ? MakeUpAsync(notExpiredBefore, cancellationToken) : store.ListEntriesAsync(authority, shard, notExpiredBefore, cancellationToken);

    public IAsyncEnumerable<RevokedEntry> ListChangesAsync(string authority, int shard, long afterEpoch, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
        store.ListChangesAsync(authority, shard, afterEpoch, notExpiredBefore, cancellationToken);

    public ValueTask<bool> HasChangedAsync(string authority, int shard, long afterEpoch, CancellationToken cancellationToken) => store.HasChangedAsync(authority, shard, afterEpoch, cancellationToken);

    // As the store gives them: serial numbers of 20 octets in rising order, two of three with a reason.
    private async IAsyncEnumerable<RevokedEntry> MakeUpAsync(DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var serial = new byte[20];
            serial[0] = 0x40;
            BinaryPrimitives.WriteInt64BigEndian(serial.AsSpan(1), i);
            yield return new RevokedEntry(serial, now.AddSeconds(-(i % 86_400)), (RevocationReason)(i % 3 is 0 ? 0 : 1 + (i % 4)));
        }

        await ValueTask.CompletedTask;
    }
}
