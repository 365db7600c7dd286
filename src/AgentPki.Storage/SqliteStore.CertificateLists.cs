using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ICertificateListStore
{
    private const string ListColumns = """
        SELECT a.name, l.shard, l.number, l.base, l.epoch, l.this_update, l.next_update, l.sha256, l.length
        FROM published_lists l JOIN authorities a ON a.id = l.authority WHERE a.name = ?1 AND l.shard = ?2
        """;

    private const string OfAuthority = "authority = (SELECT id FROM authorities WHERE name = ?1)";

    ValueTask<CertificateListRecord?> ICertificateListStore.LatestAsync(string authority, int shard, bool isDelta, CancellationToken cancellationToken) => FindAsync(
        $"{ListColumns} AND l.base IS {(isDelta ? "NOT NULL" : "NULL")} ORDER BY l.number DESC LIMIT 1",
        rows => rows.Bind(1, authority).Bind(2, (long)shard),
        ReadList,
        cancellationToken);

    ValueTask<CertificateListRecord?> ICertificateListStore.FindBaseAsync(string authority, int shard, DateTimeOffset now, CancellationToken cancellationToken) => FindAsync(
        $"{ListColumns} AND l.base IS NULL AND l.next_update > ?3 ORDER BY l.next_update, l.number LIMIT 1",
        rows => rows.Bind(1, authority).Bind(2, (long)shard).Bind(3, now),
        ReadList,
        cancellationToken);

    async ValueTask<IReadOnlyList<int>> ICertificateListStore.ListShardsAsync(string authority, CancellationToken cancellationToken) => await ListAsync(
        $"SELECT shard FROM certificate_list_shards WHERE {OfAuthority} UNION SELECT shard FROM published_lists WHERE {OfAuthority} ORDER BY shard",
        rows => rows.Bind(1, authority),
        row => (int)row.GetInt64(0),
        cancellationToken);

    IAsyncEnumerable<RevokedEntry> ICertificateListStore.ListEntriesAsync(string authority, int shard, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) => StreamAsync(
        $"SELECT serial, time, reason, invalid_since FROM revocations WHERE {OfAuthority} AND {OfShard(shard)} AND not_after >= ?2 AND reason <> 8 ORDER BY serial",
        rows => rows.Bind(1, authority).Bind(2, notExpiredBefore),
        ReadEntry,
        cancellationToken);

    // In rising order of serials again: what has changed within a few hours is little, and is sorted.
    IAsyncEnumerable<RevokedEntry> ICertificateListStore.ListChangesAsync(string authority, int shard, long afterEpoch, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) => StreamAsync(
        $"SELECT serial, time, reason, invalid_since FROM revocations {ByEpoch(shard)} WHERE epoch > ?3 AND {OfAuthority} AND {OfShard(shard)} AND not_after >= ?2 ORDER BY serial",
        rows => rows.Bind(1, authority).Bind(2, notExpiredBefore).Bind(3, afterEpoch),
        ReadEntry,
        cancellationToken);

    ValueTask<bool> ICertificateListStore.HasChangedAsync(string authority, int shard, long afterEpoch, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            // Not kept with the connection: there may be thousands of shards.
            using var rows = session.PrepareOnce($"SELECT EXISTS (SELECT 1 FROM revocations {ByEpoch(shard)} WHERE epoch > ?2 AND {OfAuthority} AND {OfShard(shard)})");
            rows.Bind(1, authority).Bind(2, afterEpoch);
            return rows.Read() && rows.GetInt64(0) != 0;
        },
        cancellationToken);

    // Literals: the engine uses an index of a part of a table only where it sees that the part is meant.
    private static string OfShard(int shard) => shard == 0 ? "shard = 0" : string.Create(CultureInfo.InvariantCulture, $"shard = {shard} AND shard > 0");

    private static string ByEpoch(int shard) => shard == 0 ? "INDEXED BY revocations_epoch" : "INDEXED BY revocations_shard_epoch";

    private static CertificateListRecord ReadList(SqlStatement row) => new(
        row.GetText(0), (int)row.GetInt64(1), row.GetInt64(2), row.GetInt64OrNull(3), row.GetInt64(4), row.GetTime(5), row.GetTime(6), row.GetBlob(7), row.GetInt64(8));

    private static RevokedEntry ReadEntry(SqlStatement row) => new(row.GetBlob(0), row.GetTime(1), (RevocationReason)row.GetInt64(2), row.GetTimeOrNull(3));
}
