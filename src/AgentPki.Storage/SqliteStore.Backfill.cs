using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Storage.Sql;
using AgentPki.X509.Certificates;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    private const int BackfillBatch = 5000;
    private const string KeyHalves = "key-halves";
    private const string AlternativeKeys = "alternative-keys";

    /// <summary>DER of id-ce-subjectAltPublicKeyInfo (2.5.29.72), which a certificate about two keys has in it.</summary>
    private const string AlternativeKeyOid = "X'0603551D48'";

    /// <summary>
    /// Fills what an earlier build did not write down of its certificates. In batches, each a transaction; cut off, the next start goes on. With nothing to
    /// fill it reads two rows.
    /// </summary>
    private static void Backfill(SqlSession session)
    {
        FillAlgorithms(session);
        if (session.QueryInt64($"SELECT EXISTS (SELECT 1 FROM backfills WHERE name = '{KeyHalves}')") == 0)
        {
            FillHalves(session);
        }

        if (session.QueryInt64($"SELECT EXISTS (SELECT 1 FROM backfills WHERE name = '{AlternativeKeys}')") == 0)
        {
            FillAlternativeKeys(session);
        }
    }

    /// <summary>The kind of the keys (0004): NULL is what is not filled.</summary>
    private static void FillAlgorithms(SqlSession session)
    {
        while (session.QueryInt64("SELECT EXISTS (SELECT 1 FROM certificates WHERE algorithm IS NULL ORDER BY id LIMIT 1)") != 0)
        {
            var found = new List<(long Id, string Algorithm)>();
            using (var rows = session.PrepareOnce($"SELECT id, der FROM certificates WHERE algorithm IS NULL ORDER BY id LIMIT {BackfillBatch}"))
            {
                while (rows.Read())
                {
                    found.Add((rows.GetInt64(0), Certificate.TryParse(rows.GetBlob(1), out var certificate, out _) ? certificate.PublicKey.Algorithm.Name : ""));
                }
            }

            session.Execute(SqliteDialect.Begin);
            foreach (var (id, algorithm) in found)
            {
                session.Prepared("UPDATE certificates SET algorithm = ?2 WHERE id = ?1").Bind(1, id).Bind(2, algorithm).Execute();
            }

            session.Execute(SqliteDialect.Commit);
        }
    }

    /// <summary>
    /// The second keys of certificates (0015), and that they are blocked where their certificate was revoked for a compromise or a withdrawn privilege. Marked when all are there.
    /// </summary>
    private static void FillAlternativeKeys(SqlSession session)
    {
        var last = 0L;
        for (var isMore = true; isMore;)
        {
            var (count, found) = (0, new List<(long Id, byte[] Fingerprint)>());
            using (var rows = session.PrepareOnce($"SELECT id, der FROM certificates WHERE id > ?1 AND alternative_key IS NULL AND instr(der, {AlternativeKeyOid}) > 0 ORDER BY id LIMIT {BackfillBatch}"))
            {
                rows.Bind(1, last);
                while (rows.Read())
                {
                    (count, last) = (count + 1, rows.GetInt64(0));
                    if (Certificate.TryParse(rows.GetBlob(1), out var certificate, out _) && certificate.AlternativePublicKey is { } key)
                    {
                        found.Add((last, key.Fingerprint()));
                    }
                }
            }

            isMore = count == BackfillBatch;
            session.Execute(SqliteDialect.Begin);
            foreach (var (id, fingerprint) in found)
            {
                session.Prepared("INSERT INTO keys (fingerprint) VALUES (?1) ON CONFLICT DO NOTHING").Bind(1, fingerprint).Execute();
                session.Prepared("UPDATE certificates SET alternative_key = (SELECT id FROM keys WHERE fingerprint = ?2) WHERE id = ?1").Bind(1, id).Bind(2, fingerprint).Execute();
            }

            if (!isMore)
            {
                session.Execute("""
                    UPDATE keys SET blocked = found.reason FROM (
                        SELECT c.alternative_key AS key, min(r.reason) AS reason FROM certificates c JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial
                        WHERE c.alternative_key IS NOT NULL AND r.reason IN (1, 2, 9, 10) GROUP BY c.alternative_key) AS found
                    WHERE keys.id = found.key AND keys.blocked IS NULL
                    """);
                session.Prepared("INSERT INTO backfills (name) VALUES (?1)").Bind(1, AlternativeKeys).Execute();
            }

            session.Execute(SqliteDialect.Commit);
        }
    }

    /// <summary>
    /// The halves of agents' composites (0005), of alternative keys too. Marked when all are there: cut off before, it begins anew and finds what it wrote. A half that was certified by
    /// itself in the meantime is bound as well: it and its composite both are refused from now on, as both were used where they must not be.
    /// </summary>
    private static void FillHalves(SqlSession session)
    {
        var composites = string.Join(", ", KeyAlgorithm.All.Where(a => a.Composite is not null).Select(a => $"'{a.Name}'"));
        var last = 0L;
        for (var isMore = true; isMore;)
        {
            var (count, found) = (0, new List<StoreChange.BindHalf>());
            using (var rows = session.PrepareOnce(
                $"SELECT id, der FROM certificates WHERE id > ?1 AND agent IS NOT NULL AND (algorithm IN ({composites}) OR instr(der, {AlternativeKeyOid}) > 0) ORDER BY id LIMIT {BackfillBatch}"))
            {
                rows.Bind(1, last);
                while (rows.Read())
                {
                    (count, last) = (count + 1, rows.GetInt64(0));
                    if (Certificate.TryParse(rows.GetBlob(1), out var certificate, out _))
                    {
                        found.AddRange(StoreChange.BindHalf.Of(certificate));
                    }
                }
            }

            isMore = count == BackfillBatch;
            session.Execute(SqliteDialect.Begin);
            foreach (var half in found)
            {
                session.Prepared("INSERT INTO key_halves (fingerprint, whole) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, half.HalfFingerprint).Bind(2, half.WholeFingerprint).Execute();
            }

            if (!isMore)
            {
                session.Prepared("INSERT INTO backfills (name) VALUES (?1)").Bind(1, KeyHalves).Execute();
            }

            session.Execute(SqliteDialect.Commit);
        }
    }
}
