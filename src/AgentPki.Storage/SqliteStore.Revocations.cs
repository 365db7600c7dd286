using AgentPki.Authority.Store;
using AgentPki.Storage.Commit;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IRevocationStore
{
    private const int MostCounts = 20;
    private const string WithRevocations = "FROM certificates c LEFT JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial";

    ValueTask<IReadOnlyList<RevocationEvent>> IRevocationStore.ListEventsAsync(long after, int limit, CancellationToken cancellationToken) => ListAsync(
        "SELECT epoch, kind, reason, time, count, selector, leaf FROM revocation_events WHERE epoch > ?1 ORDER BY epoch LIMIT ?2",
        rows => rows.Bind(1, after).Bind(2, (long)limit),
        row => new RevocationEvent(row.GetInt64(0), (RevocationEventKind)row.GetInt64(1), (RevocationReason)row.GetInt64(2), row.GetTime(3), row.GetInt64(4), row.GetText(5), row.GetInt64(6)),
        cancellationToken);

    IAsyncEnumerable<RevokedMember> IRevocationStore.ListEventMembersAsync(long epoch, CancellationToken cancellationToken) => StreamAsync(
        "SELECT a.name, r.serial FROM revocations r JOIN authorities a ON a.id = r.authority WHERE r.epoch = ?1 ORDER BY r.authority, r.serial",
        rows => rows.Bind(1, epoch),
        row => new RevokedMember(row.GetText(0), row.GetBlob(1)),
        cancellationToken);

    IAsyncEnumerable<RevokedMember> IRevocationStore.ListAllRevokedAsync(DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) => StreamAsync(
        "SELECT a.name, r.serial FROM revocations r JOIN authorities a ON a.id = r.authority WHERE r.not_after >= ?1 AND r.reason <> 8 ORDER BY r.authority, r.serial",
        rows => rows.Bind(1, notExpiredBefore),
        row => new RevokedMember(row.GetText(0), row.GetBlob(1)),
        cancellationToken);

    ValueTask<long> IRevocationStore.CountAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, long atMost, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var sql = new SelectorSql(selector, now);
            return Rows(session, sql, $"{sql.Chosen}SELECT count(*) FROM (SELECT 1 {WithRevocations} WHERE {Would(sql, reason)} AND NOT ({sql.Spared}) LIMIT {atMost})", row => row.GetInt64(0))[0];
        },
        cancellationToken);

    ValueTask<SelectionPreview> IRevocationStore.PreviewAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, int sample, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var sql = new SelectorSql(selector, now);
            var (would, from) = (Would(sql, reason), WithRevocations);
            var taken = $"{from} WHERE {would} AND NOT ({sql.Spared})";
            var totals = Rows(session, sql, $"{sql.Chosen}SELECT count(*), count(DISTINCT c.agent) {taken}", row => (row.GetInt64(0), row.GetInt64(1)))[0];
            var left = Rows(session, sql, $"""
                {WithChosen(sql)} taken (id, agent) AS MATERIALIZED (SELECT c.id, c.agent {taken})
                SELECT count(*) FROM (SELECT DISTINCT agent FROM taken) t WHERE NOT EXISTS (
                    SELECT 1 FROM certificates o LEFT JOIN revocations q ON q.authority = o.authority AND q.serial = o.serial
                    WHERE o.agent = t.agent AND o.not_after > {now.ToUnixTimeMilliseconds()} AND (q.reason IS NULL OR q.reason = 8) AND o.id NOT IN (SELECT id FROM taken))
                """, row => row.GetInt64(0))[0];
            return new SelectionPreview(
                totals.Item1,
                totals.Item2,
                left,
                Counts(session, sql, "a.name", $"{from} JOIN authorities a ON a.id = c.authority WHERE {would} AND NOT ({sql.Spared})"),
                Counts(session, sql, "c.profile", taken),
                Counts(session, sql, "coalesce(g.owner, '')", $"{from} LEFT JOIN agents g ON g.id = c.agent WHERE {would} AND NOT ({sql.Spared})"),
                Rows(session, sql, $"{sql.Chosen}{CertificateColumns} WHERE {would} AND NOT ({sql.Spared}) ORDER BY c.id DESC LIMIT {sample}", ReadCertificate),
                Rows(session, sql, $"{sql.Chosen}{CertificateColumns} WHERE {would} AND ({sql.Spared}) ORDER BY c.id DESC LIMIT {sample}", ReadCertificate));
        },
        cancellationToken);

    // As RevokeSet decides: what is not revoked, or released, or held and now to be revoked; as ReleaseSet does: what is held.
    private static string Would(SelectorSql sql, RevocationReason reason) => reason == RevocationReason.RemoveFromCrl
        ? $"{sql.Where} AND r.reason = 6"
        : $"{sql.Where} AND (r.reason IS NULL OR r.reason = 8 OR (r.reason = 6 AND {(long)reason} <> 6))";

    private static string WithChosen(SelectorSql sql) => sql.Chosen.Length == 0 ? "WITH" : $"{sql.Chosen.TrimEnd()},";

    private static List<SelectionCount> Counts(SqlSession session, SelectorSql sql, string name, string taken) =>
        Rows(session, sql, $"{sql.Chosen}SELECT {name}, count(*) {taken} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MostCounts}", row => new SelectionCount(row.GetText(0), row.GetInt64(1)));

    private static List<T> Rows<T>(SqlSession session, SelectorSql sql, string text, Func<SqlStatement, T> map)
    {
        using var rows = session.PrepareOnce(text);
        sql.Bind(rows);
        var list = new List<T>();
        while (rows.Read())
        {
            list.Add(map(rows));
        }

        return list;
    }
}
