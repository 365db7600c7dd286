using AgentPki.Authority.Store;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IGrantStore
{
    ValueTask<GrantRecord?> IGrantStore.FindGrantAsync(ReadOnlyMemory<byte> digest, CancellationToken cancellationToken) => FindAsync(
        "SELECT g.digest, p.name, c.name, g.text, g.authority, g.serial, g.made, g.leaf, g.used FROM grants g JOIN agents p ON p.id = g.parent JOIN agents c ON c.id = g.child WHERE g.digest = ?1",
        rows => rows.Bind(1, digest.Span),
        row => new GrantRecord(row.GetBlob(0), row.GetText(1), row.GetText(2), row.GetText(3), row.GetText(4), row.GetBlob(5), row.GetTime(6), row.GetInt64(7), row.GetInt64(8) != 0),
        cancellationToken);

    async ValueTask<long> IGrantStore.CountGrantsAsync(string parentId, DateTimeOffset since, CancellationToken cancellationToken) =>
        (await ListAsync("SELECT count(*) FROM grants WHERE parent = (SELECT id FROM agents WHERE name = ?1) AND made >= ?2", rows => rows.Bind(1, parentId).Bind(2, since), row => row.GetInt64(0), cancellationToken))[0];
}
