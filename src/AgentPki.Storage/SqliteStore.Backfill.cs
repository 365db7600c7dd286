using AgentPki.Storage.Sql;
using AgentPki.X509.Certificates;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    private const int BackfillBatch = 5000;

    /// <summary>
    /// Fills what an earlier build did not write down of its certificates: the kind of their keys (0004). In batches, each a transaction; cut off, the next
    /// start goes on. Without such rows it reads one.
    /// </summary>
    private static void Backfill(SqlSession session)
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
}
