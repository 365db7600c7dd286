using System.Collections.Immutable;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ICertificateStore
{
    private const string CertificateColumns = """
        SELECT a.name, c.serial, c.der, c.profile, g.name, k.fingerprint, c.not_before, c.not_after, c.issued, c.requester, c.algorithm, r.time, r.reason, r.epoch, c.shard, s.fingerprint
        FROM certificates c
        JOIN authorities a ON a.id = c.authority
        JOIN keys k ON k.id = c.key
        LEFT JOIN keys s ON s.id = c.alternative_key
        LEFT JOIN agents g ON g.id = c.agent
        LEFT JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial
        """;

    ValueTask<StoredCertificate?> ICertificateStore.FindAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) => FindAsync(
        $"{CertificateColumns} WHERE c.authority = (SELECT id FROM authorities WHERE name = ?1) AND c.serial = ?2",
        rows => rows.Bind(1, authority).Bind(2, serial.Span),
        ReadCertificate,
        cancellationToken);

    ValueTask<CertificateStatus?> ICertificateStore.FindStatusAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) => FindAsync(
        """
        SELECT r.time, r.reason, r.epoch
        FROM certificates c LEFT JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial
        WHERE c.authority = (SELECT id FROM authorities WHERE name = ?1) AND c.serial = ?2
        """,
        rows => rows.Bind(1, authority).Bind(2, serial.Span),
        rows => ReadStatus(rows, 0),
        cancellationToken);

    ValueTask<KeyBinding?> ICertificateStore.FindKeyAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken) => FindAsync(
        "SELECT g.name, k.blocked FROM keys k LEFT JOIN agents g ON g.id = k.agent WHERE k.fingerprint = ?1",
        rows => rows.Bind(1, keyFingerprint.Span),
        rows => new KeyBinding(rows.GetTextOrNull(0), (RevocationReason?)rows.GetInt64OrNull(1)),
        cancellationToken);

    async ValueTask<bool> ICertificateStore.IsCompositeHalfAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken) => await FindAsync(
        "SELECT whole FROM key_halves WHERE fingerprint = ?1",
        rows => rows.Bind(1, keyFingerprint.Span),
        rows => rows.GetBlob(0),
        cancellationToken) is not null;

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListByAgentAsync(string agentId, int limit, CancellationToken cancellationToken) => ListAsync(
        $"{CertificateColumns} WHERE c.agent = (SELECT id FROM agents WHERE name = ?1) ORDER BY c.id DESC LIMIT ?2",
        rows => rows.Bind(1, agentId).Bind(2, (long)limit),
        ReadCertificate,
        cancellationToken);

    // 6: held; 8: released, and good again.
    async ValueTask<CertificateTally> ICertificateStore.TallyAsync(string agentId, DateTimeOffset now, CancellationToken cancellationToken) => (await ListAsync(
        """
        SELECT sum(r.reason IS NULL OR r.reason = 8), sum(r.reason = 6), sum(r.reason NOT IN (6, 8))
        FROM certificates c LEFT JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial
        WHERE c.agent = (SELECT id FROM agents WHERE name = ?1) AND c.not_after >= ?2
        """,
        rows => rows.Bind(1, agentId).Bind(2, now),
        row => new CertificateTally(row.GetInt64OrNull(0) ?? 0, row.GetInt64OrNull(1) ?? 0, row.GetInt64OrNull(2) ?? 0),
        cancellationToken))[0];

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListByKeyAsync(ReadOnlyMemory<byte> keyFingerprint, int limit, CancellationToken cancellationToken) => ListAsync(
        $"{CertificateColumns} WHERE c.key = (SELECT id FROM keys WHERE fingerprint = ?1) OR c.alternative_key = (SELECT id FROM keys WHERE fingerprint = ?1) ORDER BY c.id DESC LIMIT ?2",
        rows => rows.Bind(1, keyFingerprint.Span).Bind(2, (long)limit),
        ReadCertificate,
        cancellationToken);

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListAsync(ImmutableArray<string>? owners, CertificateCursor? after, int limit, CancellationToken cancellationToken)
    {
        const string After = "(?2 IS NULL OR c.id < (SELECT id FROM certificates WHERE authority = (SELECT id FROM authorities WHERE name = ?2) AND serial = ?3))";

        // Of owners: from their agents to these agents' certificates, by the index, and not through all that there are.
        var where = owners is not { } own ? After
            : own.IsEmpty ? $"0 AND {After}"
            : $"c.id IN (SELECT c.id FROM agents g CROSS JOIN certificates c ON c.agent = g.id WHERE g.owner IN ({Places(4, own.Length)}) AND {After} ORDER BY c.id DESC LIMIT ?1)";
        return ListAsync(
            $"{CertificateColumns} WHERE {where} ORDER BY c.id DESC LIMIT ?1",
            rows =>
            {
                rows.Bind(1, (long)limit).Bind(2, after?.Authority);
                _ = after is null ? rows.BindNull(3) : rows.Bind(3, after.Serial.Span);
                BindTexts(rows, 4, owners ?? []);
            },
            ReadCertificate,
            cancellationToken);
    }

    // Out of the index alone: certificates are not read.
    IAsyncEnumerable<byte[]> ICertificateStore.ListSerialsAsync(CancellationToken cancellationToken) =>
        StreamAsync("SELECT serial FROM certificates INDEXED BY certificates_serial", _ => { }, row => row.GetBlob(0), cancellationToken);

    ValueTask<long> ICertificateStore.RevocationEpochAsync(CancellationToken cancellationToken) =>
        QueryAsync(session => Scalar(session, "SELECT max(epoch) FROM revocation_events"), cancellationToken);

    // Certificates are numbered without gaps and never deleted: the last number is their count, and counting would read them all.
    ValueTask<long> ICertificateStore.CountAsync(CancellationToken cancellationToken) =>
        QueryAsync(session => Scalar(session, "SELECT max(id) FROM certificates"), cancellationToken);

    private static long Scalar(SqlSession session, string sql)
    {
        var rows = session.Prepared(sql);
        var value = rows.Read() ? rows.GetInt64(0) : 0;
        rows.Reset();
        return value;
    }

    private static StoredCertificate ReadCertificate(SqlStatement row) => new(
        new CertificateRecord(row.GetText(0), row.GetBlob(1), row.GetBlob(2), row.GetText(3), row.GetTextOrNull(4), row.GetBlob(5), row.GetTime(6), row.GetTime(7), row.GetTime(8), row.GetText(9),
            row.GetTextOrNull(10) is { } algorithm ? KeyAlgorithm.Find(algorithm) : null, (int)row.GetInt64(14), row.GetBlobOrNull(15)),
        ReadStatus(row, 11));

    // Released (8, removeFromCRL) is good again; its row stays for delta CRLs.
    private static CertificateStatus ReadStatus(SqlStatement row, int column) => row.IsNull(column) || (RevocationReason)row.GetInt64(column + 1) == RevocationReason.RemoveFromCrl
        ? new CertificateStatus.Good()
        : new CertificateStatus.Revoked(row.GetTime(column), (RevocationReason)row.GetInt64(column + 1), row.GetInt64(column + 2));
}
